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

  // What is folded away and named in the address is opened.
  const there = location.hash && document.getElementById(location.hash.slice(1));
  if (there && there.tagName === "DETAILS") there.open = true;
})();
