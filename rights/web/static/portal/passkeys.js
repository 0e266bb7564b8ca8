// Lets a browser make a passkey, or prove something with one. Loaded only where that is offered;
// codes by mail and of an app need no script.
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (all) => (all || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const ask = {
    get: async (given) => {
      const options = { ...given, challenge: bytes(given.challenge), allowCredentials: listed(given.allowCredentials) };
      const made = await navigator.credentials.get({ publicKey: options });
      const { clientDataJSON, authenticatorData, signature } = made.response;
      return said(made, { clientDataJSON, authenticatorData, signature });
    },
    create: async (given) => {
      const user = { ...given.user, id: bytes(given.user.id) };
      const options = { ...given, user, challenge: bytes(given.challenge), excludeCredentials: listed(given.excludeCredentials) };
      const made = await navigator.credentials.create({ publicKey: options });
      const { clientDataJSON, attestationObject } = made.response;
      const transports = made.response.getTransports ? made.response.getTransports() : [];
      return said(made, { clientDataJSON, attestationObject }, { transports });
    },
  };
  const said = (made, buffers, more) => {
    const response = { ...more };
    for (const name in buffers) response[name] = text(buffers[name]);
    return { id: made.id, rawId: text(made.rawId), type: made.type, response };
  };

  // A frame of another site may be kept from making passkeys: then there is a page of its own.
  const policy = document.permissionsPolicy || document.featurePolicy;
  const may = (what) =>
    window.PublicKeyCredential &&
    (window.parent === window || (policy && policy.allowsFeature && policy.allowsFeature("publickey-credentials-" + what)) || (what === "get" && !policy));

  const show = (name, shown) => {
    for (const one of document.querySelectorAll("[data-" + name + "]")) one.hidden = !shown;
  };
  show("script", false);

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const what = form.dataset.passkey;
    const outside = what === "create" && window.PublicKeyCredential && document.querySelector("[data-outside]");
    if (may(what)) form.hidden = false;
    else show(outside ? "outside" : "unable", true);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (form.dataset.busy) return;
      form.dataset.busy = "1";
      const failed = form.querySelector("[data-failed]");
      failed.hidden = true;
      try {
        const body = new URLSearchParams({ key: form.elements.key.value });
        const answer = await fetch(form.dataset.options, { method: "POST", credentials: "same-origin", body });
        if (!answer.ok) throw new Error("refused");
        form.elements.answer.value = JSON.stringify(await ask[what](await answer.json()));
        form.submit();
      } catch {
        failed.hidden = false;
      }
      delete form.dataset.busy;
    }, true);
  }
})();
