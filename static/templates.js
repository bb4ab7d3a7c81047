// Reply templates: "/" at the start of a word opens a list beside the text, the button beside the menu puts one in at the caret.
// Without this file the button sends the form, and the server puts the text in.
(function () {
  "use strict";
  const SLASH = /(^|[\s，。；：、！？（,.;:!?(])[/／]([^\s/／]{0,20})$/;
  let open = null; // {text, line, list, from, options, at}
  const lineOf = (text) => text.form && text.form.querySelector("[data-templates]");
  const say = (line, words) => { line.querySelector("[data-told]").textContent = words; };

  function fetchText(line, id) {
    const data = new FormData(line.closest("form"));
    data.delete("file");
    data.set("template", id);
    return fetch(line.dataset.action, { method: "POST", body: data, headers: { Accept: "application/json" } })
      .then((answer) => answer.ok ? answer.json() : Promise.reject(answer))
      .then((said) => said.text);
  }

  // The text stands where the caret was; what was typed around it stays.
  function insert(text, line, id, from, to) {
    const before = text.value.slice(from, to);
    text.readOnly = true;
    return fetchText(line, id).then((words) => {
      text.readOnly = false;
      if (text.value.slice(from, to) !== before) { from = to = text.value.length; }
      text.setRangeText(words, from, to, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
      say(line, "");
    }).catch(() => { text.readOnly = false; say(line, line.dataset.failed); })
      .finally(() => text.focus());
  }

  function close() {
    if (!open) return;
    open.list.remove();
    ["aria-activedescendant", "aria-controls"].forEach((name) => open.text.removeAttribute(name));
    open = null;
  }

  function choose(option) {
    const { text, line, from } = open, to = text.selectionStart;
    close();
    insert(text, line, option.value, from, to);
  }

  function show(text, line, from, word) {
    const wanted = word.toLowerCase(), seen = new Set();
    const options = Array.from(line.querySelectorAll("option")).filter((one) => {
      const fits = one.value && !seen.has(one.value) && (one.text + one.dataset.glimpse).toLowerCase().includes(wanted);
      if (fits) seen.add(one.value);
      return fits;
    }).slice(0, 8);
    close();
    say(line, (options.length ? line.dataset.found : line.dataset.none).replace("%(n)s", options.length));
    if (!options.length) return;
    const list = document.createElement("ul");
    list.className = "slashlist";
    list.id = text.id + "-templates";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", line.dataset.label);
    options.forEach((one, n) => {
      const row = document.createElement("li"), title = document.createElement("b"), glimpse = document.createElement("span");
      row.id = list.id + "-" + n;
      row.setAttribute("role", "option");
      title.textContent = one.text;
      glimpse.textContent = one.dataset.glimpse;
      row.append(title, glimpse);
      row.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(one); });
      list.append(row);
    });
    text.after(list);
    text.setAttribute("aria-controls", list.id);
    open = { text, line, list, from, options, at: 0 };
    point(0);
  }

  function point(at) {
    open.at = (at + open.options.length) % open.options.length;
    Array.from(open.list.children).forEach((row, n) => row.setAttribute("aria-selected", String(n === open.at)));
    const row = open.list.children[open.at];
    open.text.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("input", (event) => {
    const text = event.target, line = text.matches && text.matches("textarea") && lineOf(text);
    if (!line || event.isComposing) return;
    const found = SLASH.exec(text.value.slice(0, text.selectionStart));
    if (!found) { close(); return; }
    text.setAttribute("aria-autocomplete", "list");
    show(text, line, text.selectionStart - found[2].length - 1, found[2]);
  });
  document.addEventListener("keydown", (event) => {
    if (!open || event.target !== open.text || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) point(open.at + step);
    else if (event.key === "Enter" || event.key === "Tab") choose(open.options[open.at]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("focusout", (event) => { if (open && event.target === open.text) close(); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button) return;
    event.preventDefault(); // before HTMX sends the form
    event.stopPropagation();
    const line = button.closest("[data-templates]"), text = line.closest("form").querySelector("textarea[name=text]");
    const menu = line.querySelector("select");
    if (!menu.value) { menu.focus(); return; }
    insert(text, line, menu.value, text.selectionStart, text.selectionEnd).then(() => { menu.value = ""; });
  }, true);
})();
