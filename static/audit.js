// The audit desk by keyboard: every key presses what is on the page. Works without this file.
(function () {
  "use strict";
  const one = (selector) => document.querySelector(selector);
  const form = one("#markform");
  const typing = (target) => target.closest("textarea, select, input:not([type=radio]), dialog[open]");

  // 1 is done with the key; 2 and 3 go on to their reason.
  function chosen(radio) {
    radio.checked = true;
    const reason = one("#reason-" + radio.value);
    if (reason) reason.focus();
    else one("#markform button.main").focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Enter" && form && event.target.closest("#markform select")) { event.preventDefault(); one("#markform button.main").click(); return; }
    if (typing(event.target)) return;
    const wanted = /^[a-z1-3]$/.test(event.key) ? one('[data-key="' + event.key + '"]') : null;
    if (!wanted) return;
    event.preventDefault();
    if (wanted.type !== "radio") { wanted.click(); return; }
    chosen(wanted);
    if (wanted.value === "true") one("#markform button.main").click();
  });
})();
