// The one script of a page: loads the chat once the page itself is there.
//
//   <script src="https://gateway/chat/static/widget.js"
//           data-organisation="acme" data-account="shop" async></script>
//
// Optional: data-language ("de"), data-side ("left"), data-open. A customer whom the page knows is
// told of by window.carelineIdentity = {id, signature} or {token}, or a function that fetches one,
// set before this script runs, or later by window.careline.identify(…); window.careline.forget()
// when they log out.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.careline) return;
  const { organisation, account, language, side, open } = script.dataset;
  const origin = new URL(script.src).origin;
  const calls = [];
  window.careline = {
    open: () => calls.push(["open"]),
    close: () => calls.push(["close"]),
    identify: (identity) => calls.push(["identify", identity]),
    forget: () => calls.push(["forget"]),
  };
  const start = async () => {
    const { startChat } = await import(new URL("/chat/static/chat.js", origin).href);
    const chat = await startChat({
      origin,
      organisation,
      account,
      language: language || navigator.language || "en",
      side: side || "",
      open: open !== undefined,
      identity: window.carelineIdentity || null,
    });
    window.careline = chat;
    for (const [name, ...rest] of calls) chat[name](...rest);
  };
  const run = () => start().catch((error) => console.error("careline: the chat did not start", error));
  if (document.body) run();
  else document.addEventListener("DOMContentLoaded", run, { once: true });
})();
