// Lets people black out what a picture shows beyond what is needed, before it leaves their browser.
// Loaded only where documents are taken; without it they are sent as they were chosen.
(() => {
  "use strict";
  const MOST_PIXELS = 1e7; // a sheet of A4 at 300 dots an inch has 8.7 million
  const LEAST = 0.01, MOST_ZOOM = 4, MOST_UNDO = 200;
  const place = document.querySelector("[data-redact]");
  const form = place.closest("form"), input = form.elements.document;
  const list = place.querySelector("[data-pictures]"), words = place.dataset;
  const chosen = [];
  const find = (within, name) => within.querySelector(`[data-${name}]`);
  const copy = (name) => document.importNode(document.querySelector(`template[data-${name}]`).content, true).firstElementChild;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const within = (value, least, most) => Math.min(Math.max(value, least), most);
  const say = (text) => { find(place, "status").textContent = text; };
  const made = (width, height) => Object.assign(document.createElement("canvas"), { width, height });

  // Some browsers answer with noise when a canvas is read, so that nobody is recognised by it: a
  // picture made there would show nothing.
  const reads = () => {
    const brush = made(8, 8).getContext("2d");
    brush.fillStyle = "#c84";
    brush.fillRect(0, 0, 8, 8);
    const got = brush.getImageData(0, 0, 8, 8).data;
    return got.every((value, at) => Math.abs(value - [204, 136, 68, 255][at % 4]) < 9);
  };
  let early; // chosen before this script was there
  try {
    if (!reads() || !window.createImageBitmap) return;
    early = [...input.files];
    input.files = new DataTransfer().files;
  } catch {
    return;
  }
  for (const one of document.querySelectorAll("[data-script]")) one.hidden = true;
  place.hidden = false;

  const begins = (bytes, ...magic) => magic.every((one, at) => bytes[at] === one);
  const kind = async (file) => {
    const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
    if (begins(head, 0x89, 0x50, 0x4e, 0x47)) return "image/png";
    if (begins(head, 0xff, 0xd8, 0xff)) return "image/jpeg";
    return begins(head, 0x25, 0x50, 0x44, 0x46) ? "application/pdf" : "";
  };

  // The picture as it is seen: turned as the camera said, and no larger than it has to be.
  const drawn = async (file) => {
    const seen = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (seen.width * seen.height)));
    const canvas = made(Math.max(1, Math.floor(seen.width * scale)), Math.max(1, Math.floor(seen.height * scale)));
    canvas.getContext("2d").drawImage(seen, 0, 0, canvas.width, canvas.height);
    seen.close();
    return canvas;
  };

  class Picture {
    constructor(one, canvas, node) {
      Object.assign(this, { one, canvas, node, boxes: [], before: [], zoom: 1, current: null });
      this.frame = find(node, "frame");
      this.stage = find(node, "stage");
      this.stage.prepend(canvas);
      for (const button of node.querySelectorAll("[data-do]")) {
        button.addEventListener("click", () => this[button.dataset.do](button));
      }
      for (const button of node.querySelectorAll("[data-by]")) {
        button.addEventListener("click", () => this.step(...button.dataset.by.split(" ").map(Number)));
      }
      this.stage.addEventListener("pointerdown", (event) => this.grab(event));
      this.stage.addEventListener("keydown", (event) => this.key(event));
      this.show();
    }

    // -- what is drawn ---------------------------------------------------------------------
    keep() {
      this.before.push(this.boxes.map((box) => ({ ...box })));
      if (this.before.length > MOST_UNDO) this.before.shift();
    }

    show() {
      const old = [...this.stage.querySelectorAll(".box")], held = old.indexOf(document.activeElement);
      old.forEach((one) => one.remove());
      const rows = find(this.node, "boxes");
      rows.textContent = "";
      this.boxes.forEach((box, at) => {
        box.shown = document.createElement("button");
        box.shown.type = "button";
        box.shown.className = "box";
        box.shown.append(document.createElement("span"));
        box.shown.addEventListener("focus", () => this.choose(box));
        this.stage.append(box.shown);
        box.row = copy("box");
        const remove = find(box.row, "remove");
        remove.setAttribute("aria-label", `${remove.textContent}: ${fill(words.box, { n: at + 1 })}`);
        remove.addEventListener("click", () => this.remove(box));
        find(box.row, "choose").addEventListener("click", () => box.shown.focus());
        rows.append(box.row);
        this.put(box);
      });
      this.choose(this.boxes.includes(this.current) ? this.current : null);
      if (held >= 0 && this.boxes.length) this.boxes[Math.min(held, this.boxes.length - 1)].shown.focus();
      find(this.node, "undo").disabled = !this.before.length;
    }

    put(box) {
      for (const [side, value] of [["left", box.x], ["top", box.y], ["width", box.w], ["height", box.h]]) {
        box.shown.style[side] = `${value * 100}%`;
      }
      const n = this.boxes.indexOf(box) + 1, name = fill(words.box, { n });
      box.shown.setAttribute("aria-label", name);
      find(box.row, "choose").textContent = name;
      find(box.row, "place").textContent = this.where(box);
    }

    where(box) {
      const percent = (value) => Math.round(value * 100);
      return fill(words.place, { x: percent(box.x), y: percent(box.y), w: percent(box.w), h: percent(box.h) });
    }

    choose(box) {
      this.current = box;
      for (const one of this.boxes) one.shown.classList.toggle("chosen", one === box);
      for (const button of this.node.querySelectorAll("[data-by], [data-do=drop]")) button.disabled = !box;
    }

    // -- what people do --------------------------------------------------------------------
    add() {
      const { frame, stage } = this, w = 0.3 / this.zoom, h = 0.1 / this.zoom;
      const along = (from, shown, whole, size) => within((from + shown / 2) / whole - size / 2, 0, 1 - size);
      this.keep();
      const box = {
        x: along(frame.scrollLeft, frame.clientWidth, stage.offsetWidth, w),
        y: along(frame.scrollTop, frame.clientHeight, stage.offsetHeight, h), w, h,
      };
      this.boxes.push(box);
      this.show();
      box.shown.focus();
      say(`${fill(words.box, { n: this.boxes.length })}: ${this.where(box)}`);
    }

    remove(box) {
      const at = this.boxes.indexOf(box);
      if (at < 0) return;
      this.keep();
      this.boxes.splice(at, 1);
      this.show();
      const next = this.boxes[Math.min(at, this.boxes.length - 1)];
      (next ? next.shown : find(this.node, "add")).focus();
      say(fill(words.removed, { n: at + 1 }));
    }

    drop() { if (this.current) this.remove(this.current); }

    undo() {
      if (!this.before.length) return;
      const at = Math.max(0, this.boxes.indexOf(this.current));
      this.boxes = this.before.pop();
      this.current = this.boxes[Math.min(at, this.boxes.length - 1)] || null;
      this.show();
      if (!this.before.length) find(this.node, "add").focus();
      say(fill(words.undone, { count: this.boxes.length }));
    }

    closer() { this.scale(this.zoom * 2); }
    farther() { this.scale(this.zoom / 2); }
    scale(zoom) {
      const { frame } = this, by = within(zoom, 1, MOST_ZOOM) / this.zoom;
      const x = frame.scrollLeft + frame.clientWidth / 2, y = frame.scrollTop + frame.clientHeight / 2;
      this.zoom *= by;
      this.stage.style.width = `${this.zoom * 100}%`;
      frame.scrollTo(x * by - frame.clientWidth / 2, y * by - frame.clientHeight / 2);
      say(fill(words.zoomed, { percent: this.zoom * 100 }));
    }

    finger(button) {
      const draws = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(draws));
      this.stage.classList.toggle("still", !draws);
    }

    leave() {
      chosen.splice(chosen.indexOf(this.one), 1);
      this.node.remove();
      counted();
      input.focus();
    }

    step(x, y, w, h) {
      const box = this.current, by = LEAST / this.zoom;
      if (!box) return;
      this.keep();
      const grown = { w: Math.min(box.w + w * by, 1 - box.x), h: Math.min(box.h + h * by, 1 - box.y) };
      this.change(box, { x: box.x + x * by, y: box.y + y * by, ...grown });
    }

    change(box, to) {
      const least = LEAST / this.zoom;
      box.w = within(to.w, least, 1);
      box.h = within(to.h, least, 1);
      box.x = within(to.x, 0, 1 - box.w);
      box.y = within(to.y, 0, 1 - box.h);
      this.put(box);
      find(this.node, "undo").disabled = !this.before.length;
      clearTimeout(this.saying);
      this.saying = setTimeout(() => say(`${box.shown.getAttribute("aria-label")}: ${this.where(box)}`), 400);
    }

    key(event) {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.undo();
      else if (!event.target.classList.contains("box")) return;
      else if (by) this.step(...(event.shiftKey ? [0, 0, ...by] : [...by, 0, 0]));
      else if (event.key === "Delete" || event.key === "Backspace") this.drop();
      else return;
      event.preventDefault();
    }

    grab(event) {
      const held = event.target.closest(".box"), stage = this.stage;
      if (event.button || (!held && stage.classList.contains("still"))) return;
      event.preventDefault();
      const size = stage.getBoundingClientRect();
      const at = (moved) => ({
        x: within((moved.clientX - size.left) / size.width, 0, 1),
        y: within((moved.clientY - size.top) / size.height, 0, 1),
      });
      const start = at(event);
      let box = this.boxes.find((one) => one.shown === held);
      const was = box && { ...box }, grows = held && event.target !== held;
      if (box) box.shown.focus();
      let begun = false;
      const move = (moved) => {
        const to = at(moved), dx = to.x - start.x, dy = to.y - start.y;
        if (!begun && Math.hypot(dx * size.width, dy * size.height) < 4) return;
        if (!begun) this.keep();
        if (!begun && !was) {
          box = { ...start, w: LEAST, h: LEAST };
          this.boxes.push(box);
          this.show();
        }
        begun = true;
        if (!was) this.change(box, { x: Math.min(start.x, to.x), y: Math.min(start.y, to.y), w: Math.abs(dx), h: Math.abs(dy) });
        else if (grows) this.change(box, { ...was, w: Math.min(was.w + dx, 1 - was.x), h: Math.min(was.h + dy, 1 - was.y) });
        else this.change(box, { ...was, x: was.x + dx, y: was.y + dy });
      };
      const end = () => {
        stage.removeEventListener("pointermove", move);
        stage.removeEventListener("pointerup", end);
        stage.removeEventListener("pointercancel", end);
        if (begun) box.shown.focus();
      };
      stage.setPointerCapture(event.pointerId);
      stage.addEventListener("pointermove", move);
      stage.addEventListener("pointerup", end);
      stage.addEventListener("pointercancel", end);
    }

    // -- what is sent ----------------------------------------------------------------------
    async file() {
      const { width, height } = this.canvas, out = made(width, height), brush = out.getContext("2d");
      brush.fillStyle = "#fff"; // JPEG has no holes to see through
      if (this.one.kind !== "image/png") brush.fillRect(0, 0, width, height);
      brush.drawImage(this.canvas, 0, 0);
      brush.fillStyle = "#000";
      for (const { x, y, w, h } of this.boxes) {
        const left = Math.floor(x * width), top = Math.floor(y * height);
        brush.fillRect(left, top, Math.ceil((x + w) * width) - left, Math.ceil((y + h) * height) - top);
      }
      const tries = [[this.one.kind, 0.92], ["image/jpeg", 0.85], ["image/jpeg", 0.7]];
      for (const [type, quality] of tries) {
        const blob = await new Promise((done) => out.toBlob(done, type, quality));
        if (!blob || blob.type !== type) throw new Error("no picture was made");
        if (blob.size <= Number(words.most) || quality === 0.7) return new File([blob], "picture", { type });
      }
      return null;
    }
  }

  // -- the list of what was chosen ---------------------------------------------------------
  const counted = () => {
    input.required = !chosen.length;
    document.body.toggleAttribute("data-unsent", chosen.length > 0);
    say(fill(words.counted, { count: chosen.length }));
  };

  const add = async (file) => {
    const one = { file, kind: await kind(file) };
    let canvas = null;
    if (one.kind.startsWith("image/")) canvas = await drawn(file).catch(() => null);
    const node = copy(canvas ? "picture" : "other");
    find(node, "name").textContent = file.name;
    chosen.push(one);
    list.append(node);
    if (canvas) {
      one.picture = new Picture(one, canvas, node);
      for (const named of node.querySelectorAll("[data-named]")) {
        named.setAttribute("aria-label", `${named.dataset.named}: ${file.name}`);
      }
    } else {
      find(node, one.kind === "application/pdf" ? "pdf" : "unseen").hidden = false;
      find(node, "leave").addEventListener("click", () => Picture.prototype.leave.call({ one, node }));
    }
    counted();
  };

  const failed = () => { find(place, "failed").hidden = false; };
  let adding = Promise.resolve();
  const take = (files) => {
    adding = adding.then(async () => {
      for (const file of files) {
        if (chosen.length < Number(words.count)) await add(file).catch(failed);
        else say(words.enough);
      }
    });
  };
  input.addEventListener("change", () => {
    const files = [...input.files];
    // From here on the form holds no original: should anything below fail, nothing is sent.
    input.value = "";
    take(files);
  });
  take(early);

  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (busy) return;
    busy = true;
    find(place, "failed").hidden = true;
    try {
      await adding;
      const sent = new DataTransfer();
      for (const one of chosen) sent.items.add(one.picture ? await one.picture.file() : one.file);
      input.files = sent.files;
      form.submit();
      setTimeout(() => { busy = false; }, 3000); // what broke off on its way can be sent again
    } catch {
      busy = false;
      input.value = "";
      failed();
    }
  }, true);
})();
