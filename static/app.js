// Kuaifu: what scripting adds. Every action works without it; here it only gets quicker.
(function () {
  "use strict";
  const words = JSON.parse(document.body.dataset.words || "{}");
  const drift = Date.parse(document.body.dataset.now || "") - Date.now() || 0;
  const one = (selector, root) => (root || document).querySelector(selector);
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const fill = (text, values) => (text || "").replace(/%\((\w+)\)s/g, (_, name) => values[name]);

  // Countdowns: the words of the server, the time of the server, ticking here.
  function span(seconds) {
    const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    if (days >= 3) return fill(words.d, { n: days });
    if (hours >= 24 || (hours && !minutes)) return fill(words.h, { n: hours });
    if (hours) return fill(words.hm, { h: hours, m: String(minutes).padStart(2, "0") });
    return fill(words.min, { n: minutes });
  }
  function tick() {
    const now = Date.now() + drift;
    all("[data-due]").forEach((chip) => {
      const seconds = (Date.parse(chip.dataset.due) - now) / 1000;
      const left = seconds > 0
        ? fill(words.left, { time: span(Math.ceil((seconds - 1) / 60) * 60) })
        : fill(words.late, { time: span(Math.max(Math.floor(-seconds), 60)) });
      const text = chip.dataset.label ? chip.dataset.label + " " + left : left;
      if (chip.textContent !== text) chip.textContent = text;
      if (seconds <= 0) { chip.classList.add("late"); chip.classList.remove("soon", "info"); }
      else if (seconds <= 1800 && !chip.classList.contains("late")) { chip.classList.add("soon"); }
    });
  }

  // Of the fields that the platform's answers demand, only those of the chosen answer show.
  const ANSWERS = "select[name=answer], select[name^=answer-]";
  function demanded(select) {
    all("[data-for]", select.form).filter((field) => field.dataset.of === select.name).forEach((field) => {
      const box = field.closest(".field");
      box.hidden = !JSON.parse(field.dataset.for).includes(select.value) && !box.querySelector(".error");
    });
  }

  // The thread shows its newest entry, the list marks what is open.
  function settle(root) {
    const thread = one(".thread");
    if (thread && !("fromTop" in thread.dataset) && getComputedStyle(thread).overflowY === "auto") thread.scrollTop = thread.scrollHeight;
    if (window.drafts) window.drafts.settle(root || document);
    all("[data-tick-all]", root).forEach((button) => { button.hidden = false; });
    all(ANSWERS, root).forEach(demanded);
    tick();
  }
  function mark() {
    all(".rows a.row").forEach((row) => {
      const open = row.pathname === location.pathname;
      row.parentElement.classList.toggle("selected", open);
      if (open) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
    });
  }

  function ticks_counted() {
    const shown = document.querySelector("#batch [data-ticked]"), n = all(".rows .pick input:checked").length;
    if (shown && shown.textContent !== String(n)) shown.textContent = n;
  }

  // Ticks, print, one submit at a time.
  document.addEventListener("click", (event) => {
    const ticks = event.target.closest("[data-tick]");
    if (ticks) {
      event.preventDefault();
      const boxes = all(".rows [data-band]").filter((box) => box.dataset.band === ticks.dataset.tick);
      const every = boxes.every((box) => box.checked);
      boxes.forEach((box) => { box.checked = !every; });
      ticks_counted();
    }
    const whole = event.target.closest("[data-tick-all]");
    if (whole) {
      const boxes = all("input[data-many]", whole.form), every = boxes.every((box) => box.checked);
      boxes.forEach((box) => { box.checked = !every; });
      if (boxes.length) boxes[0].dispatchEvent(new Event("input", { bubbles: true })); // a draft keeps ticks, too
    }
    if (event.target.closest("[data-print]")) window.print();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.busy) { event.preventDefault(); return; }
    form.dataset.busy = "1";
    setTimeout(() => { delete form.dataset.busy; }, 8000);
  });
  // Of two shares that make a whole, the one that nobody typed follows the other.
  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-sum]"), shares = form ? all("input[type=number]", form) : [];
    const other = shares.length === 2 && shares[1 - shares.indexOf(event.target)], typed = Number(event.target.value);
    if (!event.isTrusted || !other) return;
    delete event.target.dataset.follows;
    if (other.value && !other.dataset.follows) return;
    other.dataset.follows = "1";
    other.value = event.target.value && typed >= 0 && typed <= form.dataset.sum ? form.dataset.sum - typed : "";
    other.dispatchEvent(new Event("input", { bubbles: true })); // a draft keeps it, too
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches(ANSWERS)) demanded(event.target);
    if (event.target.matches(".rows .pick input")) ticks_counted();
    if (event.target.matches(".find select")) event.target.form.requestSubmit();
  });

  // HTMX: connection, focus, which pane a phone shows.
  const online = (yes) => { one("#netbar").hidden = yes; };
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "news" && document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:sendError", () => online(false));
  document.addEventListener("htmx:timeout", () => online(false));
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.xhr && event.detail.xhr.status) online(true); });
  window.addEventListener("offline", () => online(false));
  window.addEventListener("online", () => online(true));
  document.addEventListener("htmx:responseError", (event) => {
    const header = one("#ticket > header");
    if (!header || event.detail.target.id !== "ticket") return;
    const bar = document.createElement("p");
    bar.className = "flash bad";
    bar.setAttribute("role", "alert");
    bar.textContent = words.failed;
    all(".flash", header).forEach((old) => old.remove());
    header.append(bar);
  });
  let scrolled = 0, ticked = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "list") return;
    scrolled = one(".rows").scrollTop;
    ticked = all(".rows .pick input:checked").map((box) => box.value);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target;
    if (target.id === "list" && one(".rows")) {
      one(".rows").scrollTop = scrolled;
      all(".rows .pick input").forEach((box) => { if (ticked.includes(box.value)) box.checked = true; });
      ticks_counted();
    }
    if (target.id === "ticket" || one("#ticket", target)) {
      const desk = one(".desk");
      if (desk && !desk.classList.contains("open")) { desk.classList.add("open"); window.scrollTo(0, 0); }
      const header = one("#ticket > header");
      if (document.activeElement === document.body && header) { header.tabIndex = -1; header.focus({ preventScroll: true }); }
      settle(one("#ticket"));
    }
    mark();
    tick();
  });

  ticks_counted();
  document.addEventListener("htmx:historyRestore", () => { settle(document); mark(); });
  settle(document);
  mark();
  setInterval(tick, 10000);
})();
