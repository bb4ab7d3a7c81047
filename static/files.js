// A list that is too large is told beside its field before anything is sent; without scripting the server tells it.
(function () {
  "use strict";
  const LARGE = "input[type=file][data-bytes]";
  function check(input) {
    const bytes = Array.from(input.files || []).reduce((sum, file) => sum + file.size, 0);
    const large = bytes > Number(input.dataset.bytes), id = input.id + "-large";
    const told = document.getElementById(id);
    input.toggleAttribute("data-refused", large);
    if (told) told.remove();
    input.removeAttribute("aria-invalid");
    if (!large) return;
    const words = document.createElement("p");
    words.className = "error";
    words.id = id;
    words.setAttribute("role", "alert");
    words.textContent = input.dataset.tooLarge;
    input.after(words);
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", id);
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches && event.target.matches(LARGE)) check(event.target);
  });
  document.addEventListener("submit", (event) => {
    const refused = event.target.querySelector("input[type=file][data-refused]");
    if (!refused) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    refused.focus();
  }, true);
})();
