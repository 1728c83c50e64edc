/* Draws the wall from the latest snapshot and its age. Called on news, and once a second. */
(function () {
  "use strict";

  const MISSING = "—";
  const RANK = { fresh: 0, stale: 1, gone: 2 };
  const JUST_NOW_MS = 10000;
  const SILENCE_STEP_MS = 10000;
  const SAME_DAY_MS = 12 * 3600 * 1000;

  const careline = (window.careline = window.careline || {});

  function text(key, values) {
    const template = careline.settings.texts[key];
    return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  function byId(id) {
    return document.getElementById(id);
  }

  function write(element, value) {
    if (element.textContent !== value) {
      element.textContent = value;
    }
  }

  function mark(element, name, value) {
    if (element.dataset[name] !== value) {
      element.dataset[name] = value;
    }
  }

  /* "2026-01-31 08:15:00" in the wall's time zone. */
  function instant(atMs) {
    return new Intl.DateTimeFormat("sv-SE", {
      timeZone: careline.settings.timezone,
      dateStyle: "short",
      timeStyle: "medium",
    }).format(atMs);
  }

  function describe() {
    const { state, settings } = careline;
    const age = careline.ageMs();
    const past = state.snapshot !== null && state.snapshot.mode === "past";
    let freshness = "fresh";
    if (state.snapshot === null || age === null || age > settings.gone_after_ms) {
      freshness = "gone";
    } else if (age > settings.stale_after_ms) {
      freshness = "stale";
    }
    if (state.snapshot !== null && RANK[state.snapshot.freshness] > RANK[freshness]) {
      freshness = state.snapshot.freshness;
    }
    const stamp = state.asOfMs === null ? "" : instant(state.asOfMs);
    // Of a past moment, what is late is the word about it; when that came is the age's affair.
    const short = past || age === null || age > SAME_DAY_MS ? stamp : stamp.slice(11);
    return { age, past, freshness, stamp, time: short };
  }

  function ageText(now) {
    if (now.freshness === "gone" && now.stamp === "") {
      return text("age.unknown");
    }
    if (now.freshness !== "fresh") {
      return text("age.stale", { time: now.time });
    }
    if (now.past) {
      return text("age.past", { time: now.stamp });
    }
    return now.age < JUST_NOW_MS
      ? text("age.fresh")
      : text("age.seconds", { seconds: Math.floor(now.age / 1000) });
  }

  function sentence(tile, label, now) {
    if (now.freshness === "gone") {
      const key = now.stamp === "" ? "sentence.age.unknown" : "sentence.age.gone";
      return text(key, { label, time: now.time });
    }
    const key = now.past && now.freshness === "fresh" ? "past" : now.freshness;
    return tile.sentence + " " + text("sentence.age." + key, { time: now.time });
  }

  function flash(element, value) {
    const before = element.textContent;
    if (before !== value && before !== MISSING && value !== MISSING) {
      element.classList.remove("changed");
      void element.offsetWidth; // starts the animation anew
      element.classList.add("changed");
    }
    write(element, value);
  }

  function drawTile(section, tile, now) {
    const gone = now.freshness === "gone";
    const part = (name) => section.querySelector("." + name);
    const second = gone ? null : tile.second;
    mark(section, "freshness", now.freshness);
    mark(section, "status", gone ? "none" : tile.status);
    write(part("tile-label"), tile.label);
    write(part("tile-glyph"), gone ? "" : tile.glyph);
    flash(part("tile-value"), gone ? MISSING : tile.text);
    write(part("tile-unit"), gone || tile.text === MISSING ? "" : tile.unit);
    write(part("second-label"), second ? second.label : "");
    write(part("second-value"), second ? second.text : "");
    write(part("second-unit"), second && second.text !== MISSING ? second.unit : "");
    write(part("tile-caption"), tile.caption);
    write(part("tile-peak"), gone || tile.trend === null ? "" : tile.trend.peak);
    const status = now.freshness === "fresh" ? tile.status_text : text("status." + now.freshness);
    write(part("tile-status"), status);
    write(part("tile-age"), ageText(now));
    careline.sparkline(part("tile-trend"), gone ? null : tile.trend);
    const label = sentence(tile, tile.label, now);
    if (section.getAttribute("aria-label") !== label) {
      section.setAttribute("aria-label", label);
    }
  }

  function drawWithoutSnapshot(now) {
    for (const section of document.querySelectorAll(".tile")) {
      const label = section.querySelector(".tile-label").textContent || section.dataset.kpi;
      const blank = { label, glyph: "", caption: "", second: null, trend: null };
      drawTile(section, blank, now);
    }
  }

  function banner(now) {
    const { state } = careline;
    if (state.signedOut) {
      return ["critical", text("notice.signed_out")];
    }
    if (state.refusal) {
      return ["critical", text("notice.bad_request", { reason: state.refusal })];
    }
    if (now.past && now.freshness !== "fresh" && now.age !== null) {
      // In steps, so that a screen reader is not told every second.
      const seconds = Math.floor(now.age / SILENCE_STEP_MS) * (SILENCE_STEP_MS / 1000);
      return [now.freshness === "gone" ? "critical" : "warning", text("notice.silent", { seconds })];
    }
    if (now.freshness === "gone") {
      const key = now.stamp === "" ? "notice.no_data" : "notice.gone";
      return ["critical", text(key, { time: now.time })];
    }
    if (now.freshness === "stale") {
      return ["warning", text("notice.stale", { time: now.time })];
    }
    if (state.snapshot.no_facts_notice) {
      return ["info", state.snapshot.no_facts_notice];
    }
    return ["info", state.snapshot.past_notice];
  }

  function drawFrame(now) {
    const { snapshot } = careline.state;
    write(byId("title"), text("title"));
    write(byId("subtitle"), snapshot === null ? "" : snapshot.subtitle);
    write(byId("definitions"), snapshot === null ? "" : snapshot.definitions);
    write(byId("clock-label"), text("clock.as_of"));
    write(byId("clock-time"), now.stamp === "" ? MISSING : now.stamp.slice(11));
    const date = now.stamp === "" ? "" : now.stamp.slice(0, 10) + " · ";
    write(byId("clock-date"), date + careline.settings.timezone);
    const [level, notice] = banner(now);
    mark(byId("banner"), "level", notice === "" ? "none" : level);
    write(byId("banner"), notice);
    mark(byId("wall"), "freshness", now.freshness);
  }

  function draw() {
    if (byId("wall") === null) {
      return "";
    }
    const { state } = careline;
    const now = describe();
    drawFrame(now);
    careline.controls(byId("controls"), text);
    if (state.snapshot === null) {
      drawWithoutSnapshot(now);
    } else {
      for (const tile of state.snapshot.tiles) {
        drawTile(byId("tile-" + tile.kpi), tile, now);
      }
    }
    return state.etag;
  }

  careline.draw = draw;
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.careline = { draw };
  setInterval(draw, 1000);
  window.addEventListener("resize", draw);
})();
