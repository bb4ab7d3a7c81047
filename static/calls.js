// Kuaifu: the running timer of a call. The server counts for itself; this only shows it.
(function () {
  "use strict";
  const drift = Date.parse(document.body.dataset.now || "") - Date.now() || 0;
  function tick() {
    document.querySelectorAll("[data-since]").forEach((timer) => {
      const seconds = Math.max(0, Math.floor((Date.now() + drift - Date.parse(timer.dataset.since)) / 1000));
      timer.textContent = Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
    });
  }
  document.addEventListener("htmx:afterSettle", tick);
  setInterval(tick, 1000);
})();
