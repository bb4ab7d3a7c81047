// The appeal stream by keyboard: every key presses a button that is on the page. Works without this file.
(function () {
  "use strict";
  const one = (selector, root) => (root || document).querySelector(selector);
  const form = one("#ruleform"), text = one("#rule-text"), reason = one("#rule-reason"), main = one("main.stream");
  const typing = (target) => target.closest("textarea, select, input:not([type=radio]), dialog[open]");

  // A draft is of no more use once its appeal is ruled.
  const ruled = one("[data-ruled]");
  if (ruled) localStorage.removeItem("draft:" + (document.body.dataset.me || "") + ":" + ruled.dataset.ruled + "-stream");

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      if (form && !event.target.closest("form")) { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const wanted = /^[a-z1-5]$/.test(event.key) ? one('[data-key="' + event.key + '"]') : null;
    if (event.key === "r" && text) { event.preventDefault(); text.focus(); return; }
    if (!wanted) return;
    event.preventDefault();
    if (wanted.type === "radio") {
      wanted.checked = true;
      (wanted.value === "upheld_other_site" ? one("#rule-site") : text).focus();
    } else wanted.click();
  });
  // On a phone the rulings slide in one line: the chosen one is in sight.
  function inSight() {
    const chosen = form && one("[name=ruling]:checked", form);
    if (chosen) chosen.closest("label").scrollIntoView({ inline: "center", block: "nearest" });
  }
  if (form) form.addEventListener("change", (event) => { if (event.target.name === "ruling") inSight(); });
  inSight();
  if (reason) reason.addEventListener("change", () => {
    const chosen = reason.selectedOptions[0];
    if (chosen && chosen.dataset.text) text.value = chosen.dataset.text;
  });

  // Whoever goes to another page of the portal gives the appeal back.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".rail a, .bottom a");
    if (!link || !main || !main.dataset.giveBack || event.ctrlKey || event.metaKey || link.pathname.startsWith("/appeals")) return;
    const body = new FormData();
    body.append("csrf_token", one("input[name=csrf_token]").value);
    navigator.sendBeacon(main.dataset.giveBack, body);
  });
})();
