// What tests/browser/console/keyboard.py asks of a page: its controls, and what the focus met.
(() => {
  "use strict";
  const NATIVE = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  const LEAST = 24; // CSS px: WCAG 2.2, 2.5.8
  const WIDE = 2; // CSS px of an outline: WCAG 2.2, 2.4.13 asks for it, 2.4.7 for any
  const CONTRAST = 3; // WCAG 2.2, 1.4.11

  const shown = (one) => one.checkVisibility({ visibilityProperty: true });
  const named = (one) => {
    const label = one.labels && one.labels[0] ? one.labels[0].innerText : "";
    const text = one.ariaLabel || one.innerText || label || one.name || one.id;
    return `${one.localName} "${(text || "").trim().replace(/\s+/g, " ").slice(0, 50)}"`;
  };
  // Of radio buttons that belong together one is reached, and the arrows lead to the others.
  const stop = (one, all) => {
    if (one.type !== "radio" || !one.name) return true;
    const group = all.filter((o) => o.type === "radio" && o.name === one.name && o.form === one.form);
    return one === (group.find((o) => o.checked) || group[0]);
  };
  const usable = () =>
    [...document.querySelectorAll(NATIVE)].filter((one) => {
      const folds = one.localName !== "summary" || one.parentElement.localName === "details";
      return folds && !one.disabled && shown(one);
    });
  const scrolls = (one) => /auto|scroll/.test(getComputedStyle(one).overflowX);

  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (one) => {
    for (let at = one.parentElement; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = (a, b) => {
    const [more, less] = [light(a), light(b)].sort((x, y) => y - x);
    return (more + 0.05) / (less + 0.05);
  };
  const looks = (one) => {
    const style = getComputedStyle(one);
    return `${style.outlineStyle} ${style.outlineWidth} ${style.boxShadow}`;
  };

  // How many of the four sides of the outline no ancestor and no window cuts off.
  const sides = (one, reach) => {
    const box = one.getBoundingClientRect();
    let [left, top] = [0, 0];
    let [right, bottom] = [document.documentElement.clientWidth, innerHeight];
    for (let at = one.parentElement; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflowX === "visible") continue;
      const around = at.getBoundingClientRect();
      left = Math.max(left, around.left);
      top = Math.max(top, around.top);
      right = Math.min(right, around.right);
      bottom = Math.min(bottom, around.bottom);
    }
    return [
      box.left - reach >= left,
      box.top - reach >= top,
      box.right + reach <= right,
      box.bottom + reach <= bottom,
    ].filter(Boolean).length;
  };
  const covered = (one) => {
    const boxes = [...one.getClientRects()].filter((box) => box.width && box.height);
    // A large one is seen where a part of it is: what is typed into comes into view, not its middle.
    const shares = [0.5, 0.02, 0.98];
    return !boxes.some((box) =>
      shares.some((across) =>
        shares.some((down) => {
          const [x, y] = [box.left + box.width * across, box.top + box.height * down];
          const top = document.elementFromPoint(x, y);
          return top && one.contains(top);
        }),
      ),
    );
  };
  // The rules for one that has the focus; *plain* is how it looked without.
  const met = (one, plain) => {
    const style = getComputedStyle(one), wrong = [];
    const wide = parseFloat(style.outlineWidth), reach = wide + parseFloat(style.outlineOffset);
    if (looks(one) === plain) wrong.push("looks the same with the focus");
    else if (style.outlineStyle === "none" || wide < WIDE) wrong.push("has no outline");
    else {
      if (contrast(style.outlineColor, paper(one)) < CONTRAST) wrong.push("has a faint outline");
      // What is larger than the window shows the sides that fit.
      const large = one.getBoundingClientRect().height > innerHeight;
      if (sides(one, reach) < 2 && !large) wrong.push("has an outline that is cut off");
    }
    if (covered(one)) wrong.push("is not to be seen when it has the focus");
    return wrong.map((what) => `${named(one)} ${what}`);
  };

  const target = (one) => {
    const boxes = [one, ...(one.labels || [])].filter(shown).map((o) => o.getBoundingClientRect());
    const [x, y] = [Math.min(...boxes.map((b) => b.left)), Math.min(...boxes.map((b) => b.top))];
    const right = Math.max(...boxes.map((b) => b.right));
    const bottom = Math.max(...boxes.map((b) => b.bottom));
    return { one, x, y, right, bottom, width: right - x, height: bottom - y };
  };
  const small = ({ width, height }) => width < LEAST - 0.5 || height < LEAST - 0.5;
  const within = ({ one }) =>
    getComputedStyle(one).display === "inline" &&
    one.parentElement.innerText.trim().length > one.innerText.trim().length;
  const near = (a, b) => {
    const [x, y] = [(a.x + a.right) / 2, (a.y + a.bottom) / 2];
    if (!small(b)) {
      const dx = Math.max(b.x - x, 0, x - b.right), dy = Math.max(b.y - y, 0, y - b.bottom);
      return Math.hypot(dx, dy) < LEAST / 2;
    }
    return Math.hypot(x - (b.x + b.right) / 2, y - (b.y + b.bottom) / 2) < LEAST;
  };
  const sizes = (all) => {
    const targets = all.map(target);
    return targets
      .filter((one) => small(one) && !within(one))
      .filter((a) => targets.some((b) => a !== b && !a.one.contains(b.one) && near(a, b)))
      .map((a) => `${named(a.one)} is ${Math.round(a.width)}x${Math.round(a.height)} px and close to another`);
  };

  // What a mouse could use and no key reaches, and what takes the focus out of its turn.
  const strange = (all) => {
    const wrong = [];
    for (const one of document.querySelectorAll("[onclick], [role=button], [role=link], [role=menuitem], [tabindex]")) {
      const main = one.localName === "main" || one.matches("#mistakes, #opened");
      if (one.tabIndex > 0) wrong.push(`${named(one)} takes the focus out of turn`);
      else if (!one.matches(NATIVE) && !scrolls(one) && !main) wrong.push(`${named(one)} is no control of the browser's`);
    }
    for (const one of document.body.querySelectorAll("*")) {
      if (!shown(one) || getComputedStyle(one).cursor !== "pointer") continue;
      const own = one.closest("a[href], button, input, select, textarea, summary, label");
      if (!own || !(own.localName === "label" ? own.control : true)) wrong.push(`${named(one)} is for a mouse only`);
    }
    for (const one of all) if (one.tabIndex < 0) wrong.push(`${named(one)} is left out by Tab`);
    return wrong;
  };

  // Nothing is read by scrolling both ways, but tables, pictures and code: WCAG 2.2, 1.4.10.
  const reflow = () => {
    const wrong = [], root = document.documentElement;
    const more = root.scrollWidth - root.clientWidth;
    if (more > 0) wrong.push(`the page is ${more} px too wide`);
    for (const one of document.body.querySelectorAll("*")) {
      if (one.scrollWidth <= one.clientWidth + 1 || !scrolls(one) || !shown(one)) continue;
      if (!one.matches("input, select, textarea") && !one.querySelector("table, svg, pre"))
        wrong.push(`${named(one)} scrolls sideways`);
    }
    return wrong;
  };

  let passed = [], wrong = [], plain = new Map(), last = null;
  const leave = () => {
    if (last) wrong.push(...met(last, plain.get(last)));
    last = null;
  };
  document.addEventListener("keydown", leave, true);
  document.addEventListener("focusin", ({ target: one }) => {
    passed.push(one);
    last = plain.has(one) ? one : null;
  });

  // Where the next one lies above the one before, it has to begin a column further on.
  const back = (one, next) => {
    const [a, b] = [one.getBoundingClientRect(), next.getBoundingClientRect()];
    return b.bottom <= a.top && b.left <= a.left + 1;
  };
  const orders = (all) => {
    const tops = passed.filter((one) => all.includes(one));
    const wrongs = [];
    for (let at = 1; at < tops.length; at += 1) {
      if (!back(tops[at - 1], tops[at]) || tops[at].matches(".skip")) continue;
      wrongs.push(`${named(tops[at])} comes after ${named(tops[at - 1])} and lies above it`);
    }
    return wrongs;
  };

  window.keyboard = {
    // Put the focus before everything; return how many keys to press, and what is wrong already.
    begin() {
      const all = usable(), stops = all.filter((one) => stop(one, all));
      passed = [];
      wrong = [];
      last = null;
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute("tabindex");
      passed = [];
      plain = new Map([...all, ...document.querySelectorAll("[tabindex='0']")].map((one) => [one, looks(one)]));
      const areas = [...document.querySelectorAll("[tabindex='0']")].filter(shown);
      const parts = all.reduce((sum, one) => sum + (/date|time/.test(one.type) ? 6 : 0), 0);
      return [stops.length + areas.length + parts, [...strange(all), ...sizes(all), ...reflow()]];
    },
    // Return what was wrong on the way, and whether every control was reached once, in order.
    end() {
      leave();
      const all = usable().filter((one) => plain.has(one)), stops = all.filter((one) => stop(one, all));
      const met = passed.filter((one) => all.includes(one));
      const lost = stops.filter((one) => !met.includes(one));
      const kept = met.filter((one, at) => stops.includes(one) && met.indexOf(one) === at);
      const turned = lost.length ? -1 : stops.findIndex((one, at) => kept[at] !== one);
      return [
        ...wrong,
        ...orders(all),
        ...lost.map((one) => `${named(one)} is not reached by Tab`),
        ...(turned < 0 ? [] : [`${named(stops[turned])} is reached out of turn`]),
      ];
    },
    // Give the focus to the first thing that is folded away; return its name, or nothing.
    folded() {
      const one = usable().find((o) => o.localName === "summary" && !o.parentElement.open);
      if (!one) return "";
      one.focus();
      return named(one);
    },
    open: () => document.activeElement.parentElement.open === true,
  };
})();
