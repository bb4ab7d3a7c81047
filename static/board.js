// The province board: tick all, ticks and rows that stay where they are when the numbers are renewed. Works without it.
(function () {
  "use strict";
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const boxes = () => all("#board-live input[name=site]");
  let kept = null;

  function count() {
    const shown = document.querySelector(".urgeform .ticked");
    const n = boxes().filter((box) => box.checked).length;
    if (shown) shown.textContent = n ? shown.dataset.ticked.replace("%(n)s", n) : "";
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-tick-sites]")) return;
    event.preventDefault();
    const every = boxes().every((box) => box.checked);
    boxes().forEach((box) => { box.checked = !every; });
    count();
  });
  document.addEventListener("change", (event) => { if (event.target.matches("#board-live input[name=site]")) count(); });

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "board-poll" && document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.detail.target.id !== "board-live") return;
    const at = document.activeElement, row = at && at.closest("#board-live tr[data-site]"), scroll = document.querySelector(".heat");
    kept = {
      ticked: boxes().filter((box) => box.checked).map((box) => box.value),
      order: all("#board-live tr[data-site]").map((tr) => tr.dataset.site),
      top: scroll ? scroll.scrollTop : 0, left: scroll ? scroll.scrollLeft : 0,
      row: row && row.dataset.site, place: row ? all("a, input", row).indexOf(at) : -1,
    };
  });
  // Rows stay under the finger: known ones keep their places, new ones follow, and a link offers to sort anew.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (!kept || event.detail.target.id !== "board-live") return;
    const body = document.querySelector("#board-live tbody"), rows = all("#board-live tr[data-site]");
    const place = (tr) => { const n = kept.order.indexOf(tr.dataset.site); return n < 0 ? kept.order.length : n; };
    const before = rows.map((tr) => tr.dataset.site).join();
    rows.sort((a, b) => place(a) - place(b)).forEach((tr) => body.append(tr));
    const moved = rows.map((tr) => tr.dataset.site).join() !== before;
    all(".resort").forEach((link) => { link.hidden = !moved; });
    boxes().forEach((box) => { box.checked = kept.ticked.includes(box.value); });
    const scroll = document.querySelector(".heat");
    if (scroll) { scroll.scrollTop = kept.top; scroll.scrollLeft = kept.left; }
    const row = rows.find((tr) => tr.dataset.site === kept.row);
    if (row && kept.place >= 0) { const again = all("a, input", row)[kept.place]; if (again) again.focus({ preventScroll: true }); }
    kept = null;
    count();
  });
  count();
})();
