/* Links to the wall's other views, for people at a desk; a kiosk shows none. */
(function () {
  "use strict";

  const WINDOWS = ["1h", "24h", "7d", "all"];

  function address(changes) {
    const query = new URLSearchParams(window.location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) {
        query.delete(name);
      } else {
        query.set(name, value);
      }
    }
    return "?" + query.toString();
  }

  function link(label, changes, current) {
    const made = document.createElement("a");
    made.href = address(changes);
    made.textContent = label;
    if (current) {
      made.setAttribute("aria-current", "true");
    }
    return made;
  }

  function group(links) {
    const made = document.createElement("span");
    made.className = "control-group";
    made.append(...links);
    return made;
  }

  function draw(nav, text) {
    const root = document.documentElement;
    if (root.dataset.kiosk === "1" || nav.childElementCount > 0) {
      return;
    }
    const query = new URLSearchParams(window.location.search);
    const shown = query.get("window") || "24h";
    const windows = WINDOWS.map((name) =>
      link(text("control.window." + name), { window: name }, name === shown),
    );
    if (query.has("at")) {
      nav.append(group([link(text("control.back_to_live"), { at: null }, false)]));
    }
    nav.append(group(windows));
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    const language = root.lang === "en" ? "zh-CN" : "en";
    nav.append(
      group([
        link(text("control." + theme), { theme }, false),
        link(text("control.language"), { lang: language }, false),
      ]),
    );
  }

  window.careline = Object.assign(window.careline || {}, { controls: draw });
})();
