// The quiet sound, for those who switched it on: once for each notice, in one tab, and never before somebody has
// pressed or typed something on the page.
(function () {
  "use strict";
  const key = "bell:" + (document.body.dataset.me || "");
  const bell = () => document.querySelector(".bell[data-sound]");
  const heard = () => { try { return localStorage.getItem(key) || "0"; } catch (blocked) { return null; } };
  const newer = (a, b) => a.length > b.length || (a.length === b.length && a > b); // ids are longer than a number holds
  const remember = (newest) => { try { localStorage.setItem(key, newest); } catch (full) { /* it stays quiet */ } };
  let touched = false;
  ["pointerdown", "keydown"].forEach((kind) => document.addEventListener(kind, () => { touched = true; }, { once: true }));

  function ring() {
    const now = bell(), before = heard();
    if (!now || before === null || now.dataset.newest === "0" || !newer(now.dataset.newest, before)) return;
    if (!touched) return; // it is heard with the next notice, or not at all
    remember(now.dataset.newest);
    const sound = new Audio(now.dataset.sound);
    sound.volume = 0.35;
    sound.play().catch(() => { /* the browser keeps it quiet */ });
    document.dispatchEvent(new CustomEvent("bell-rang", { detail: now.dataset.newest }));
  }
  const first = bell(), before = heard(); // what stands there as the page opens is seen with it
  if (first && before !== null && newer(first.dataset.newest, before)) remember(first.dataset.newest);
  document.addEventListener("htmx:afterSettle", () => (navigator.locks ? navigator.locks.request(key, ring) : ring()));
})();
