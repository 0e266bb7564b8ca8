// <rights-portal src="https://rights.example" token-url="/my/portal-token" lang="en" view="home">
// shows the privacy portal in a frame. Scripts of this page cannot read what is in it.
(() => {
  "use strict";
  class RightsPortal extends HTMLElement {
    connectedCallback() {
      if (this.frame) return;
      this.origin = new URL(this.getAttribute("src"), location.href).origin;
      const frame = (this.frame = document.createElement("iframe"));
      frame.name = "rights-portal-" + Math.random().toString(36).slice(2);
      frame.title = this.getAttribute("title") || (this.lang === "en" ? "Your privacy rights" : "您的个人信息权利");
      frame.setAttribute("allow", "publickey-credentials-get " + this.origin);
      frame.style.cssText = "border:0;display:block;height:40rem;width:100%";
      this.append(frame);
      this.heard = (event) => this.hear(event);
      addEventListener("message", this.heard);
      this.open();
    }

    disconnectedCallback() {
      removeEventListener("message", this.heard);
      clearTimeout(this.waiting);
      this.frame.remove();
      this.frame = null;
    }

    // A form, not an address: what opens the portal is never in a history or a log.
    async open() {
      let token = this.getAttribute("token");
      const url = this.getAttribute("token-url");
      try {
        if (url) token = (await (await fetch(url, { method: "POST", credentials: "same-origin" })).json()).token;
      } catch {
        token = null;
      }
      if (!token) {
        this.dispatchEvent(new CustomEvent("rights-failed"));
        return;
      }
      const form = document.createElement("form");
      form.method = "post";
      form.action = this.origin + "/portal/enter";
      form.target = this.frame.name;
      form.hidden = true;
      const given = { token, lang: this.lang, view: this.getAttribute("view") || "" };
      for (const name in given) {
        const field = document.createElement("input");
        field.type = "hidden";
        field.name = name;
        field.value = given[name];
        form.append(field);
      }
      this.append(form);
      form.submit();
      form.remove();
      // A frame that was refused says nothing: its page is not allowed to be here.
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.dispatchEvent(new CustomEvent("rights-failed")), 15000);
    }

    hear(event) {
      if (event.origin !== this.origin || event.source !== this.frame.contentWindow) return;
      const said = event.data || {};
      if (said.rights === "size" && said.height > 0) {
        this.frame.style.height = Math.min(said.height, 20000) + "px";
      } else if (said.rights === "ready") {
        clearTimeout(this.waiting);
        this.dispatchEvent(new CustomEvent("rights-ready"));
      } else if (said.rights === "request") {
        this.dispatchEvent(new CustomEvent("rights-done", { detail: { request: String(said.request), state: String(said.state) } }));
      } else if (said.rights === "over" && Date.now() - (this.reopened || 0) > 30000) {
        this.reopened = Date.now();
        if (this.getAttribute("token-url")) this.open();
      }
    }
  }
  if (!customElements.get("rights-portal")) customElements.define("rights-portal", RightsPortal);
})();
