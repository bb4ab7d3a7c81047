// Kuaifu: the running timer of a call (the server counts for itself; this only shows it), and its script on a phone.
(function () {
  "use strict";
  const drift = Date.parse(document.body.dataset.now || "") - Date.now() || 0;
  function tick() {
    document.querySelectorAll("[data-since]").forEach((timer) => {
      const seconds = Math.max(0, Math.floor((Date.now() + drift - Date.parse(timer.dataset.since)) / 1000));
      timer.textContent = Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
    });
  }
  function fold() { // a small screen shows the thread; the questions are one tap away
    const script = document.querySelector("#call .script:not([data-folded])");
    if (!script) return;
    script.dataset.folded = "1";
    const answered = Array.from(script.querySelectorAll("input, select")).some((field) => field.value);
    script.open = answered || !matchMedia("(max-width: 760px)").matches;
  }
  document.addEventListener("htmx:afterSettle", () => { tick(); fold(); });
  fold();
  setInterval(tick, 1000);
})();
