// Copies a number, and says so to everybody. Without a clipboard (plain http on another machine) no button shows.
(function () {
  "use strict";
  if (!navigator.clipboard || !navigator.clipboard.writeText) return;
  document.documentElement.classList.add("cancopy");
  const words = JSON.parse(document.body.dataset.words || "{}");
  const said = document.querySelector("#said");
  let timer = 0;
  function say(text) {
    said.textContent = "";
    clearTimeout(timer);
    timer = setTimeout(() => { // a new text in an empty region is read out, the same text twice too
      said.textContent = text;
      timer = setTimeout(() => { said.textContent = ""; }, 3000);
    }, 30);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    navigator.clipboard.writeText(button.dataset.copy).then(
      () => {
        button.classList.add("done");
        setTimeout(() => button.classList.remove("done"), 1500);
        say(words.copied.replace("%(what)s", button.dataset.what));
      },
      () => say(words.notcopied));
  });
})();
