// Keyboard: every key presses something that is on the page (the list is app/web/words_keys.py). Nothing happens while
// somebody types or a dialog is open; after a swap the focus goes back to what had it.
(function () {
  "use strict";
  const one = (selector, root) => (root || document).querySelector(selector);
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const shown = (element) => Boolean(element && element.offsetParent);
  const typing = (target) => target.closest("textarea, select, input:not([type=checkbox], [type=radio]), [contenteditable], dialog[open]")
    || one("dialog[open]");
  const LINES = ".rows a.row, .batch .tick input, .notices .say";

  // What is open, by the address: the mark on its line follows a moment after the address does.
  const open = (row) => row.matches("a[hx-get]") ? row.pathname === location.pathname : Boolean(row.getAttribute("aria-current"));
  const line = () => document.activeElement && document.activeElement.matches(LINES) ? document.activeElement : null;
  function step(by) {
    const lines = all(LINES).filter(shown);
    const at = lines.indexOf(document.activeElement);
    const from = at >= 0 ? at : lines.findIndex(open);
    const next = lines[from < 0 ? 0 : from + by];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
    return lines.length > 0;
  }
  function openNext() {
    const rows = all(".rows a.row[hx-get]").filter(shown);
    const next = rows[rows.findIndex(open) + 1];
    if (next) { next.focus(); next.click(); }
    return rows.length > 0;
  }
  function tick() {
    const row = line();
    const box = row && (row.matches("input") ? row : one(".pick input", row.closest("li")));
    if (box) box.click();
    return Boolean(box);
  }
  function reply() {
    const box = all(".reply .box").find(shown);
    if (box) (one("textarea", box) || all("select, input, button", box).find(shown) || box).focus();
    return Boolean(box);
  }
  function yank() {
    const row = line();
    const button = (row && one("[data-yank]", row.closest("li") || row)) || one("#ticket [data-yank], .appealhead [data-yank]");
    if (button) button.click();
    return Boolean(button);
  }
  function search() {
    const field = one("#search");
    if (field) { field.focus(); field.select(); }
    return Boolean(field);
  }
  function views() {
    const menu = one("details.views");
    if (!menu) return false;
    menu.open = true;
    (one("a, input:not([type=hidden])", menu) || one("summary", menu)).focus();
    return true;
  }
  function help() {
    all("#keys [data-needs]").forEach((entry) => {
      entry.hidden = entry.dataset.needs !== "" && !all(entry.dataset.needs).length;
    });
    one("#keys").showModal();
    return true;
  }
  const KEYS = {
    j: () => step(1), k: () => step(-1), n: openNext, x: tick, r: reply, y: yank, "/": search, v: views, "?": help,
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      if (one("dialog[open]")) return;
      const form = event.target.closest("form");
      const main = form && one("button.main:not([disabled])", form); // the button itself: it says what comes next
      if (form) { event.preventDefault(); if (main) main.click(); else form.requestSubmit(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (!KEYS[event.key] || typing(event.target)) return;
    if (KEYS[event.key]()) event.preventDefault();
  });

  // What had the focus, by where it stands and what it is: an element that a swap replaced is another one.
  const REGIONS = "#rail, #bottom, #list, #ticket, #stream-rows";
  let had = null, menus = [];
  function name(element) {
    if (element.id) return "#" + CSS.escape(element.id);
    if (element.getAttribute("href")) return 'a[href="' + CSS.escape(element.getAttribute("href")) + '"]';
    return element.name ? element.localName + '[name="' + CSS.escape(element.name) + '"]' : element.matches("summary") ? "summary" : "";
  }
  document.addEventListener("htmx:beforeSwap", () => {
    const element = document.activeElement, region = element && element.closest(REGIONS);
    const called = region ? name(element) : "";
    had = called ? { region: "#" + region.id, called } : null;
    menus = all("#bottom details[open]").map((menu) => menu.className);
  });
  document.addEventListener("htmx:afterSettle", () => {
    menus.forEach((kind) => { const menu = one("#bottom details." + kind.trim().split(/\s+/).join(".")); if (menu) menu.open = true; });
    menus = [];
    const before = had;
    had = null; // what a later swap without a word before it replaces is not this
    if (!before || document.activeElement !== document.body) return;
    const again = one(before.region + " " + before.called);
    if (again) again.focus({ preventScroll: true });
  });
})();
