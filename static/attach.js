// Pictures: sent one by one as soon as they are chosen, pasted or dropped. Without this file the form sends them itself.
(function () {
  "use strict";
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const say = (tray, text) => { tray.querySelector(".error").textContent = text; };
  const waiting = new WeakMap(); // form -> pictures on their way

  // A tray as scripting wants it: no checkbox, a button to remove, and nothing that a draft could store.
  function enliven(root) {
    all("[data-tray]:not(.live)", root).forEach((tray) => {
      tray.classList.add("live");
      all("input[name=attachment]", tray).forEach((box) => { box.type = "hidden"; });
      all(".remove, .how", tray).forEach((part) => { part.hidden = false; });
      const input = tray.querySelector("input[type=file]");
      if (input) input.removeAttribute("name");
    });
  }

  function renew(tray, html) {
    const made = new DOMParser().parseFromString(html, "text/html").querySelector("[data-tray]");
    if (!made) return tray;
    const focused = tray.contains(document.activeElement);
    tray.replaceWith(made);
    enliven(document);
    const input = made.querySelector("input[type=file]");
    if (focused && input) input.focus();
    return made;
  }

  function busy(form, change) {
    const count = (waiting.get(form) || 0) + change;
    waiting.set(form, count);
    all(".foot .btn", form).forEach((button) => { button.disabled = count > 0; });
  }

  // One request; `done` gets the tray that stands there afterwards and whether all went well.
  function send(tray, address, fields, done) {
    const form = tray.closest("form"), data = new FormData(), request = new XMLHttpRequest();
    data.append("box", tray.dataset.tray);
    Object.entries(fields).forEach(([name, value]) => data.append(name, value));
    const bar = tray.querySelector("progress");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && fields.file) { bar.hidden = false; bar.value = 100 * event.loaded / event.total; }
    });
    request.addEventListener("loadend", () => {
      busy(form, -1);
      const page = request.responseText || "";
      const known = [200, 422, 409].includes(request.status) && page.includes("data-tray");
      const now = known ? renew(tray, page) : tray;
      if (!known) { bar.hidden = true; say(now, request.status === 413 ? now.dataset.tooLarge : now.dataset.failed); }
      done(now, request.status === 200);
    });
    request.open("POST", address);
    request.setRequestHeader("X-CSRFToken", form.querySelector("[name=csrf_token]").value);
    busy(form, 1);
    request.send(data);
  }

  // One after the other; what was wrong with one of them still stands there after the last.
  function upload(tray, files, wrong) {
    const most = Number(tray.dataset.most), here = all("input[name=attachment]", tray).length;
    const [file, ...rest] = files;
    say(tray, wrong || "");
    if (!file) return;
    if (here >= most) { say(tray, tray.dataset.tooMany); return; }
    if (file.size > Number(tray.dataset.bytes)) { upload(tray, rest, tray.dataset.tooLarge); return; }
    send(tray, tray.dataset.upload, { file }, (now) => {
      upload(now, rest, now.querySelector(".error").textContent || wrong);
    });
  }

  const pictures = (list) => Array.from(list || []).filter((file) => file.type.startsWith("image/"));
  const trayOf = (target) => {
    const form = target.closest && target.closest(".reply form, form.sheet");
    return form && form.querySelector("[data-tray]");
  };

  document.addEventListener("change", (event) => {
    const tray = event.target.type === "file" && event.target.closest("[data-tray]");
    if (!tray) return;
    const files = Array.from(event.target.files);
    event.target.value = "";
    upload(tray, files);
  });
  document.addEventListener("paste", (event) => {
    const files = pictures(event.clipboardData && event.clipboardData.files), tray = trayOf(event.target);
    if (!tray || !files.length) return;
    event.preventDefault();
    upload(tray, files);
  });
  const mark = (form) => all(".dropping").forEach((other) => other.classList.toggle("dropping", other === form));
  document.addEventListener("dragover", (event) => {
    const tray = trayOf(event.target);
    if (!event.dataTransfer || !Array.from(event.dataTransfer.types).includes("Files")) return;
    event.preventDefault(); // also beside a box: a missed drop must not leave the page
    if (tray) tray.closest("form").classList.add("dropping");
    mark(tray && tray.closest("form"));
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(null); });
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer || !event.dataTransfer.files.length) return;
    event.preventDefault();
    mark(null);
    const tray = trayOf(event.target);
    if (tray) upload(tray, Array.from(event.dataTransfer.files));
  });
  document.addEventListener("click", (event) => {
    const remove = event.target.closest(".tray .remove");
    if (remove) { const tray = remove.closest("[data-tray]"); send(tray, tray.dataset.remove, { attachment: remove.dataset.id }, () => {}); return; }
    const link = event.target.closest("a[data-picture]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); enlarge(link); }
    if (event.target.matches(".lightbox, .lightbox img")) event.target.closest("dialog").close();
    if (event.target.id === "customerlink") event.target.select();
  });
  // Nothing is sent while a picture is still on its way: it would stay behind.
  document.addEventListener("submit", (event) => {
    if (!waiting.get(event.target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  function enlarge(link) {
    const box = document.createElement("dialog"), image = document.createElement("img");
    const form = document.createElement("form"), save = document.createElement("a"), close = document.createElement("button");
    const words = document.body.dataset;
    box.className = "lightbox";
    box.setAttribute("aria-label", link.querySelector("img").alt);
    image.src = save.href = link.href;
    image.alt = link.querySelector("img").alt;
    save.textContent = words.save;
    close.textContent = words.close;
    close.className = "btn";
    form.method = "dialog";
    form.append(save, close);
    box.append(image, form);
    box.addEventListener("close", () => { box.remove(); link.focus(); });
    document.body.append(box);
    box.showModal();
  }

  document.addEventListener("htmx:afterSwap", () => enliven(document));
  enliven(document);
})();
