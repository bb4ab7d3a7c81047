// The seconds in which something can still be taken back, counted down on its button; afterwards the button is gone.
(function () {
  "use strict";
  const drift = Date.parse(document.body.dataset.now || "") - Date.now() || 0;
  function tick() {
    document.querySelectorAll("[data-undo]").forEach((form) => {
      const left = Math.ceil((Date.parse(form.dataset.undo) - Date.now() - drift) / 1000);
      if (left > 0) {
        form.querySelectorAll("[data-seconds]").forEach((place) => { place.textContent = left + " s"; });
        return;
      }
      const held = form.contains(document.activeElement);
      form.textContent = form.dataset.over;
      form.removeAttribute("data-undo");
      document.querySelectorAll("[form=" + (form.id || "none") + "]").forEach((button) => button.remove());
      if (held) { form.tabIndex = -1; form.focus(); }
    });
  }
  document.addEventListener("htmx:afterSettle", tick);
  setInterval(tick, 500);
  tick();
})();
