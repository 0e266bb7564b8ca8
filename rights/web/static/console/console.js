// Makes the console's pages a little quicker to work with. All of them work without it.
(() => {
  "use strict";
  const told = document.getElementById("mistakes") || document.getElementById("opened");
  if (told) told.focus();

  // A second click sends nothing twice; the server would refuse it anyway.
  for (const form of document.forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
      setTimeout(() => delete form.dataset.sent, 3000);
    });
  }

  // A draft is in the text at once, unless somebody has begun to write.
  for (const choice of document.querySelectorAll("select[data-fills]")) {
    const text = document.getElementById(choice.dataset.fills);
    const drafts = [...choice.options].map((one) => one.dataset.text || "");
    choice.addEventListener("change", () => {
      const written = text.value.trim();
      if (written && !drafts.includes(written)) return;
      text.value = choice.selectedOptions[0].dataset.text || "";
    });
  }

  // What is folded away and named in the address is opened.
  const there = location.hash && document.getElementById(location.hash.slice(1));
  if (there && there.tagName === "DETAILS") there.open = true;
})();
