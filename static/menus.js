// Menus: Escape and a press beside them close them; a sheet that opens takes the focus.
(function () {
  "use strict";
  const open = () => Array.from(document.querySelectorAll("details.more[open], details.rest[open]"));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open().forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });
  document.addEventListener("click", (event) => {
    open().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });

  // What was refused first, else the first field; a phone would cover half of the sheet with its keyboard.
  function enter() {
    const sheet = document.querySelector("#sheet");
    if (!sheet || sheet.contains(document.activeElement)) return;
    const wrong = sheet.querySelector("[aria-invalid=true]");
    const first = sheet.querySelector(".form input:not([type=hidden]), .form select, .form textarea");
    const field = wrong || (matchMedia("(min-width: 761px)").matches ? first : null);
    if (field) field.focus();
  }
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target.id === "ticket") enter(); });
  enter();
  const refused = document.querySelector(".page [aria-invalid=true]"); // far down a long form it would not be seen
  if (refused) refused.focus();
})();
