// Makes the console's pages a little quicker to work with. All of them work without it.
(() => {
  "use strict";
  const told = document.getElementById("mistakes") || document.getElementById("opened");
  if (told) told.focus();

  // What a page that renewed itself puts into its address is not for people, who copy it.
  const address = new URL(location.href);
  if (address.searchParams.has("renews")) {
    address.searchParams.delete("renews");
    history.replaceState(history.state, "", address);
  }

  // Where a minor's content is open, nothing of the page is taken along but what one typed oneself.
  const minors = document.querySelector(".minors");
  for (const name of minors ? ["copy", "cut", "dragstart", "contextmenu"] : []) {
    document.addEventListener(name, (event) => {
      const typed = event.target.closest && event.target.closest("textarea, input");
      if (!typed) event.preventDefault();
    });
  }

  // A second click sends nothing twice; the server would refuse it anyway.
  for (const form of document.forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
      setTimeout(() => delete form.dataset.sent, 3000);
    });
  }

  // A draft is in the text at once, unless somebody has begun to write. One that asks goes into the
  // next point that is empty: its first line is the question, the rest why it is asked.
  for (const choice of document.querySelectorAll("select[data-fills]")) {
    const places = choice.dataset.fills
      .split(" ")
      .map((ids) => ids.split(",").map((id) => document.getElementById(id)));
    const drafts = [...choice.options].map((one) => one.dataset.text || "");
    const written = (place) => place.map((field) => field.value.trim()).join("\n").trim();
    choice.addEventListener("change", () => {
      const text = choice.selectedOptions[0].dataset.text || "";
      const alone = places.length === 1 && drafts.includes(written(places[0]));
      const place = alone ? places[0] : places.find((one) => !written(one));
      if (!place || (!text && !alone)) return;
      const end = place.length > 1 ? text.indexOf("\n") : text.length;
      place[0].value = text.slice(0, end);
      if (place.length > 1) place[1].value = text.slice(end + 1);
    });
  }

  // Escape folds what was opened, unless it is for the field that is typed in.
  document.addEventListener("keydown", (event) => {
    const at = document.activeElement;
    if (event.key !== "Escape" || event.isComposing || at.matches("input, select, textarea")) return;
    const opened = at.closest("details[open]");
    if (!opened) return;
    opened.open = false;
    opened.querySelector("summary").focus();
  });

  // What is folded away and named in the address is opened.
  const there = location.hash && document.getElementById(location.hash.slice(1));
  if (there && there.tagName === "DETAILS") there.open = true;
})();
