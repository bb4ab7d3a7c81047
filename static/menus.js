// Menus: Escape and a press beside them close them; a sheet that opens takes the focus, and Escape leaves it too.
(function () {
  "use strict";
  const MENUS = "details.more[open], details.rest[open], details.views[open], details.export[open]";
  const opened = (kinds) => Array.from(document.querySelectorAll(kinds));
  const open = () => opened(MENUS + ", details.explain[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.target.id === "search") event.target.blur(); // the other keys are heard again
    const cancel = document.querySelector("#sheet .foot a.btn"); // what was typed is kept as a draft
    if (!open().length && cancel) cancel.click();
    open().forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });
  document.addEventListener("click", (event) => {
    opened(MENUS).forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });

  // What was refused first, else the first field; a phone would cover half of the sheet with its keyboard.
  function enter() {
    const sheet = document.querySelector("#sheet");
    const box = Array.from(document.querySelectorAll(".reply [aria-invalid=true]")).find((field) => field.offsetParent);
    if (!sheet && box) box.focus();
    if (!sheet) return;
    const wrong = sheet.querySelector("[aria-invalid=true]");
    if (!wrong && sheet.contains(document.activeElement)) return;
    const first = sheet.querySelector(".form input:not([type=hidden]), .form select, .form textarea");
    const field = wrong || (matchMedia("(min-width: 761px)").matches ? first : null);
    if (field) field.focus();
  }
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target.id === "ticket") enter(); });
  enter();
  const refused = document.querySelector(".page [aria-invalid=true]"); // far down a long form it would not be seen
  if (refused) {
    refused.focus();
    addEventListener("load", () => { if (document.activeElement === document.body) refused.focus(); }); // a slow page
  }
})();
