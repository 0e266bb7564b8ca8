// Makes the portal's pages live. All of them work without it.
(() => {
  "use strict";
  const body = document.body;
  const parent = body.dataset.parent; // whose page shows us in a frame; known to the server
  const framed = window.parent !== window;

  const tell = (type, more) => {
    if (framed && parent) window.parent.postMessage({ rights: type, ...more }, parent);
  };

  const size = () => tell("size", { height: Math.ceil(document.documentElement.getBoundingClientRect().height) });
  if (framed && parent) new ResizeObserver(size).observe(body);

  tell("ready", {});
  if (body.dataset.problem === "session_over" || body.dataset.problem === "bad_token") {
    // The page that shows us cannot be known from a session that is over, so anybody may hear this
    // one word: it says nothing about anybody.
    // What somebody typed and sent into a session that was over is not wiped away unseen.
    if (framed && !body.dataset.sent) window.parent.postMessage({ rights: "over" }, "*");
  }
  if (body.dataset.request) tell("request", { request: body.dataset.request, state: body.dataset.state });

  const mistakes = document.getElementById("mistakes");
  if (mistakes) mistakes.focus();

  // A second click sends nothing twice; the server would notice anyway.
  for (const form of document.forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
      setTimeout(() => delete form.dataset.sent, 3000);
    });
  }

  const reload = Number(body.dataset.reload || 0);
  // Whoever has chosen files and not sent them yet keeps them, and what they drew on them.
  const unsent = () => "unsent" in body.dataset;
  const idle = () => !unsent() && (document.activeElement === body || document.activeElement.id === "main");
  // A page that has nothing new stays as it is: a click that came while it was loaded anew would be lost.
  const said = (page) => page.getElementById("main").textContent.replace(/\s+/g, " ");
  const same = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    return answer.ok && said(new DOMParser().parseFromString(await answer.text(), "text/html")) === said(document);
  };
  const anew = async () => {
    if (idle() && !(await same().catch(() => true)) && idle()) location.reload();
    else setTimeout(anew, reload * 500);
  };
  if (reload) setTimeout(anew, reload * 500);

  const live = body.dataset.live;
  let pause = 1000;
  const look = async () => {
    const answer = await fetch(live, { credentials: "same-origin" });
    if (!answer.ok) return;
    if (answer.headers.get("Rights-State") !== body.dataset.state) {
      if (!unsent()) location.reload();
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["standing", "events"]) {
      const fresh = page.getElementById(id), shown = document.getElementById(id);
      if (fresh.innerHTML !== shown.innerHTML) shown.replaceWith(fresh);
    }
    pause = Math.min(pause * 1.5, 15000);
    setTimeout(look, pause);
  };
  if (live) setTimeout(look, pause);
})();
