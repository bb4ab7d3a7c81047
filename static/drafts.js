// Drafts: what is typed is on this device at once and on the server a second after the typing stops. The server's copy is
// the one that counts; this device keeps only what the server does not have yet: offline, or signed out in mid-typing.
(function () {
  "use strict";
  const LOCAL_AFTER = 300, SERVER_AFTER = 1000, AGAIN_AFTER = 8000; // milliseconds
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const key = (name) => "draft:" + (document.body.dataset.me || "") + ":" + name;
  const NOT_TYPED = ["template"], timers = new WeakMap();

  const fields = (form) => Array.from(form.elements).filter((field) =>
    field.name && !NOT_TYPED.includes(field.name) && !["hidden", "radio", "password", "submit", "file", "fieldset"].includes(field.type));
  function read(form) {
    const values = {};
    fields(form).forEach((field) => {
      if (field.type !== "checkbox") values[field.name] = field.value;
      else if (!("many" in field.dataset)) values[field.name] = field.checked;
      else if (field.checked) values[field.name] = values[field.name] ? values[field.name] + " " + field.value : field.value;
    });
    return values;
  }
  function write(form, values) {
    fields(form).forEach((field) => {
      if (field.type === "checkbox" && "many" in field.dataset) field.checked = String(values[field.name] || "").split(" ").includes(field.value);
      else if (!(field.name in values)) return;
      else if (field.type === "checkbox") field.checked = Boolean(values[field.name]);
      else if (values[field.name] || !field.value) field.value = values[field.name]; // an empty draft takes nothing away
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  const version = (form) => (form.elements.draft_version ? Number(form.elements.draft_version.value) : 0);
  function tell(form, word) {
    const state = form.querySelector("[data-draft-state]");
    if (state) state.textContent = state.dataset[word] || "";
  }

  function stored(form) {
    try {
      const found = JSON.parse(localStorage.getItem(key(form.dataset.draft)));
      return found && found.values ? found : null;
    } catch (broken) { return null; }
  }
  function keep(form) {
    const entry = JSON.stringify({ values: read(form), base: version(form) });
    try { localStorage.setItem(key(form.dataset.draft), entry); } catch (full) { return ""; }
    if (!form.dataset.draftHref) tell(form, "saved");
    return entry;
  }
  function forget(form, only) {
    const name = form && (form.dataset.draft || form.dataset.drop);
    if (!name || (only && localStorage.getItem(key(name)) !== only)) return;
    localStorage.removeItem(key(name));
  }

  // One request a form at a time; what was typed meanwhile is sent after it.
  function save(form, last) {
    if (!form.dataset.draftHref || !form.isConnected || form.dataset.sent) return;
    if (form.querySelector("[data-clash]")) { tell(form, "clashes"); return; }
    if (form.dataset.saving && !last) { later(form, SERVER_AFTER); return; }
    const entry = keep(form), data = new FormData(form);
    ["file", "attachment", "template"].forEach((name) => data.delete(name));
    form.dataset.saving = "1";
    fetch(form.dataset.draftHref, { method: "POST", body: data, headers: { "X-Draft": "1" }, keepalive: Boolean(last), redirect: "error" })
      .then((answer) => {
        if (answer.status === 204) {
          form.elements.draft_version.value = answer.headers.get("X-Draft-Version") || "0";
          forget(form, entry);
          tell(form, "saved");
          if (localStorage.getItem(key(form.dataset.draft))) keep(form); // typed meanwhile: now on top of this version
          return "";
        }
        if (answer.status === 409) return answer.text();
        return Promise.reject(answer);
      })
      .then((bar) => { if (bar) clash(form, bar); })
      .catch((why) => {
        tell(form, "local");
        if (!why.status || why.status >= 500 || why.status === 429) later(form, AGAIN_AFTER);
      })
      .finally(() => { delete form.dataset.saving; });
  }
  function later(form, after) {
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => { timers.delete(form); save(form); }, after));
  }

  // Another browser of the same person saved something else: both are here until one is chosen.
  function clash(form, html) {
    const bar = new DOMParser().parseFromString(html, "text/html").querySelector("[data-clash]");
    if (!bar) return;
    all(".draftbar, [data-clash]", form).forEach((old) => old.remove());
    form.prepend(bar);
    tell(form, "clashes");
    bar.scrollIntoView({ block: "nearest" });
  }
  function take(form, bar, which) {
    const texts = all("textarea, input[name=text]", form).filter((one) => one.name), text = form.elements.text || texts[0];
    const theirs = JSON.parse(bar.dataset.values), mine = texts.map((one) => one.value);
    form.elements.draft_version.value = bar.dataset.version;
    bar.remove();
    if (which !== "mine") write(form, theirs);
    if (which === "both") texts.forEach((one, n) => {
      const parts = [theirs[one.name] || "", mine[n]].filter((part) => part.trim());
      one.value = Array.from(new Set(parts)).join("\n");
    });
    if (text) text.focus();
    save(form);
  }

  function settle(root) {
    all("form[data-draft]", root).forEach((form) => {
      if (form.dataset.settled) return;
      form.dataset.settled = "1";
      if (form.dataset.fresh) { forget(form); return; } // its words went out with the answer that this page is
      const found = stored(form);
      if (!found || form.querySelector("[aria-invalid=true]") || form.dataset.filled) return;
      write(form, found.values);
      if (!form.dataset.draftHref) return;
      form.elements.draft_version.value = found.base; // the server says whether another browser was here since
      later(form, 0);
    });
  }

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-draft]");
    if (!form || event.target.name === "template") return;
    clearTimeout(form.draftKeep);
    form.draftKeep = setTimeout(() => keep(form), LOCAL_AFTER);
    if (form.dataset.draftHref) later(form, SERVER_AFTER);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-take]");
    if (button) take(button.closest("form"), button.closest("[data-clash]"), button.dataset.take);
  });
  // While a form is on its way nothing of it is saved any more; one that comes back with errors is a new one.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.draft || event.defaultPrevented) return;
    clearTimeout(form.draftKeep);
    clearTimeout(timers.get(form));
    timers.delete(form);
    keep(form);
    if (event.submitter && event.submitter.formAction.endsWith("/discard")) { forget(form); form.dataset.sent = "1"; }
  }, true);
  // A form that the page itself sends: gone through when a redirect led to a page of the same person.
  const SENT = "draft-sent";
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.dataset.draft || form.hasAttribute("hx-post")) return;
    try { sessionStorage.setItem(SENT, key(form.dataset.draft)); } catch (full) { /* then it is offered once more */ }
  });
  function arrived() {
    const name = sessionStorage.getItem(SENT), came = performance.getEntriesByType("navigation")[0];
    sessionStorage.removeItem(SENT);
    if (name && name.startsWith("draft:" + document.body.dataset.me + ":") && came && came.redirectCount > 0) localStorage.removeItem(name);
  }
  arrived();
  document.addEventListener("htmx:sendError", (event) => { if (event.target.dataset && event.target.dataset.draft) save(event.target); });
  document.addEventListener("queue-changed", (event) => {
    if (!event.target.dataset) return;
    if (event.target.dataset.draft) event.target.dataset.sent = "1";
    forget(event.target);
  });
  window.addEventListener("online", () => all("form[data-draft-href]").forEach((form) => { if (stored(form)) save(form); }));
  window.addEventListener("pagehide", () => all("form[data-draft-href]").forEach((form) => { if (timers.has(form)) save(form, true); }));
  window.drafts = { settle };
})();
