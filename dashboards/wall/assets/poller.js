/* Fetches the snapshot of this page's address, one request at a time, and knows how old it is. */
(function () {
  "use strict";

  const settings = JSON.parse(document.getElementById("page-settings").textContent);
  const RELOAD_PAUSE_MS = 60000;

  const state = {
    snapshot: null,
    etag: "",
    // The server's word on the data's age and instant; null = it does not know.
    ageMs: null,
    asOfMs: null,
    // performance.now() when the request left that brought the age: never younger than true.
    askedAt: 0,
    signedOut: false,
    refusal: "",
  };
  let inFlight = false;

  async function poll() {
    if (inFlight) {
      return;
    }
    inFlight = true;
    const abort = new AbortController();
    const deadline = setTimeout(() => abort.abort(), settings.request_timeout_ms);
    const askedAt = performance.now();
    try {
      const response = await fetch("snapshot" + window.location.search, {
        cache: "no-store",
        redirect: "manual",
        headers: state.etag ? { "If-None-Match": state.etag } : {},
        signal: abort.signal,
      });
      await receive(response, askedAt);
    } catch (error) {
      // Nothing was heard: the age goes on growing, and the tiles dim and empty by it.
      console.warn("snapshot:", error);
    } finally {
      clearTimeout(deadline);
      inFlight = false;
    }
    publish();
  }

  async function receive(response, askedAt) {
    const leadsToSignIn = response.type === "opaqueredirect";
    if (leadsToSignIn || response.status === 401 || response.status === 403) {
      Object.assign(state, { signedOut: true, refusal: "", snapshot: null, etag: "" });
      return;
    }
    if (response.status === 400) {
      const refusal = (await response.text()).trim();
      Object.assign(state, { signedOut: false, refusal, snapshot: null, etag: "" });
      return;
    }
    if (response.status !== 200 && response.status !== 304) {
      throw new Error("HTTP " + response.status);
    }
    if (response.status === 200) {
      state.snapshot = await response.json();
      state.etag = response.headers.get("ETag") || "";
    }
    state.ageMs = number(response.headers.get("Careline-Age-Ms"));
    state.asOfMs = number(response.headers.get("Careline-As-Of-Ms"));
    state.askedAt = askedAt;
    state.signedOut = false;
    state.refusal = "";
    reloadWhenOutdated(response.headers.get("Careline-Build"));
  }

  function number(text) {
    return text === null ? null : Number(text);
  }

  function reloadWhenOutdated(build) {
    const openFor = performance.now();
    const outdated = build !== null && build !== settings.build;
    if ((outdated && openFor > RELOAD_PAUSE_MS) || openFor > settings.reload_after_ms) {
      window.location.reload();
    }
  }

  /* Hand the snapshot to Dash, whose clientside callback draws it; before Dash is there, wait. */
  function publish() {
    if (document.getElementById("wall") === null) {
      return;
    }
    window.dash_clientside.set_props("snapshot", { data: state.snapshot });
    window.careline.draw();
  }

  /* Milliseconds since the shown data was true, by the server's clock and our stopwatch. */
  function ageMs() {
    return state.ageMs === null ? null : state.ageMs + (performance.now() - state.askedAt);
  }

  window.careline = Object.assign(window.careline || {}, { settings, state, ageMs });
  setInterval(poll, settings.poll_ms);
  poll();
})();
