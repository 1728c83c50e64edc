// The widget: joins what is seen, what is said and what is remembered.

import { Connection } from "./connection.js";
import { Memory, newId } from "./memory.js";
import { View } from "./view.js";
import { wordsOf } from "./words.js";

const TYPING_MS = 3000;
const STOPPED_MS = 6000;
const LAST = Number.MAX_SAFE_INTEGER;

export async function startChat(options) {
  const chat = new Chat(options);
  try {
    await chat.start();
  } catch (error) {
    chat.view.host.remove();
    throw error;
  }
  return {
    open: () => chat.open(),
    close: () => chat.close(),
    identify: (identity) => chat.become(identity),
    forget: () => chat.become(null),
  };
}

class Chat {
  constructor({ origin, organisation, account, language, side, open, identity }) {
    this.base = `${origin}/v1/web-chat/${encodeURIComponent(organisation)}/${encodeURIComponent(account)}`;
    this.language = language;
    this.words = wordsOf(language);
    this.startOpen = open;
    this.memory = new Memory(`${organisation}/${account}`);
    this.returning = this.memory.read("visited") !== null;
    this.view = new View({ words: this.words, side, origin });
    this.clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
    this.unread = 0;
    this.readSeq = -1;
    this.oldest = LAST;
    this.connection = new Connection({
      url: `${this.base.replace(/^http/, "ws")}/socket`,
      memory: this.memory,
      language,
      identity,
      on: {
        welcome: (frame) => this.welcome(frame),
        message: (frame) => this.arrive(frame),
        history: (frame) => this.addOlder(frame),
        typing: (frame) => this.theyType(frame),
        error: (frame) => this.complain(frame),
        sent: (id, wait) => this.sent(id, wait),
        state: (state) => this.showState(state),
      },
    });
    this.listen();
  }

  async start() {
    const query = new URLSearchParams({
      language: this.language,
      page: location.href,
      returning: this.returning ? "1" : "0",
    });
    const answer = await fetch(`${this.base}/config?${query}`);
    if (!answer.ok) throw new Error((await answer.json()).error);
    this.config = await answer.json();
    this.memory.keep("visited", true);
    this.view.dress(this.config);
    this.view.find(".attach").hidden = !this.config.file_bytes;
    this.view.find(".file").accept = this.config.file_types.join(",");
    await this.view.ready;
    if (this.startOpen || this.memory.read("open", "sessionStorage")) this.open();
    else if (this.memory.read("spoke")) this.connection.start();
    this.plan(this.config.invitation);
  }

  listen() {
    const on = (selector, event, does) => this.view.find(selector).addEventListener(event, does);
    on(".launcher", "click", () => this.open());
    on(".close", "click", () => this.close());
    on(".accept", "click", () => this.open());
    on(".dismiss", "click", () => this.view.invite(null));
    on(".older", "click", () => this.connection.tell({ type: "older", before: this.oldest }));
    on(".attach", "click", () => this.view.find(".file").click());
    on(".file", "change", (event) => this.sendFile(event.target));
    on("textarea", "input", () => this.iType());
    on("textarea", "keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      }
    });
    on("form", "submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    on(".panel", "keydown", (event) => event.key === "Escape" && this.close());
    document.addEventListener("visibilitychange", () => this.markRead());
  }

  open() {
    if (this.view.open) return;
    this.view.toggle(true);
    this.memory.keep("open", true, "sessionStorage");
    this.unread = 0;
    this.view.unread(0);
    if (!this.view.items.size) this.greet();
    this.connection.start();
    this.markRead();
  }

  close() {
    if (!this.view.open) return;
    this.view.toggle(false);
    this.memory.keep("open", null, "sessionStorage");
  }

  // Another customer, or nobody in particular: nothing of the one before stays on the screen.
  become(identity) {
    this.memory.keep("token", null);
    this.memory.keep("spoke", null);
    this.readSeq = -1;
    this.oldest = LAST;
    this.view.clear();
    this.greet();
    this.connection.become(identity);
  }

  greet() {
    const text = this.config.greeting || this.words.say("greeting");
    this.view.show(
      { id: "greeting", seq: -1, text },
      { mine: false, name: this.words.say("agent"), note: "" },
    );
  }

  plan(invitation) {
    if (!invitation || this.view.open || this.memory.read("invited", "sessionStorage")) return;
    setTimeout(() => {
      if (this.view.open || this.memory.read("invited", "sessionStorage")) return;
      this.memory.keep("invited", invitation.name, "sessionStorage");
      this.view.invite(invitation.text);
    }, invitation.after_seconds * 1000);
  }

  welcome(frame) {
    this.limits = frame.limits;
    if (frame.reset) {
      this.view.clear();
      this.oldest = LAST;
    }
    // What was said before is not read out: only what comes now.
    this.view.aloud(false);
    for (const one of frame.history) this.show(one);
    setTimeout(() => this.view.aloud(true), 500);
    if (frame.more !== undefined) this.view.more(frame.more);
    for (const { id, frame: said } of this.connection.outbox.values()) this.showOwn(id, said);
    if (frame.history.length) this.memory.keep("spoke", true);
    this.tellWait(frame.wait_seconds);
    this.markRead();
  }

  addOlder(frame) {
    const log = this.view.find(".log");
    const below = log.scrollHeight - log.scrollTop;
    for (const one of frame.messages) this.show(one);
    this.view.more(frame.more);
    log.scrollTop = log.scrollHeight - below;
  }

  arrive(message) {
    const known = this.view.items.has(message.id);
    this.show(message);
    if (message.author.kind === "customer") return;
    this.view.hint("");
    if (known || (this.view.open && !document.hidden)) this.markRead();
    else this.view.unread((this.unread += 1));
  }

  show(message) {
    const mine = message.author.kind === "customer";
    const role = mine ? "you" : message.author.kind === "bot" ? "bot" : "agent";
    this.oldest = Math.min(this.oldest, message.seq);
    if (!mine) this.newest = Math.max(this.newest ?? -1, message.seq);
    this.view.show(message, {
      mine,
      name: mine ? this.words.say("you") : message.author.name || this.words.say(role),
      note: this.clock.format(new Date(message.at_ms)),
      urlOf: (file) => (file.token ? `${this.base}/files/${file.token}` : file.url),
      onQuick: (one) => this.send({ text: one.title, payload: one.payload || one.title }),
    });
  }

  showOwn(id, said) {
    if (this.view.items.has(id)) return;
    this.view.show(
      { id, seq: LAST, text: said.text || "", files: said.shown },
      { mine: true, name: this.words.say("you"), note: this.words.say("sending"), urlOf: () => "" },
    );
  }

  submit() {
    const field = this.view.find("textarea");
    const text = field.value.trim();
    if (!text) return;
    if (text.length > this.config.text_limit) {
      this.view.hint(this.words.say("tooLong", { n: this.config.text_limit }));
      return;
    }
    field.value = "";
    this.stopTyping();
    this.send({ text });
  }

  send(said) {
    const id = newId();
    this.memory.keep("spoke", true);
    this.showOwn(id, said);
    this.view.scroll();
    this.connection.say(id, said);
  }

  sent(id, wait) {
    this.view.note(id, `${this.words.say("you")} · ${this.words.say("sent")}`);
    this.tellWait(wait);
  }

  tellWait(seconds) {
    if (seconds === undefined || seconds === null) return;
    const minutes = Math.ceil(seconds / 60);
    this.view.hint(minutes > 1 ? this.words.say("wait", { n: minutes }) : this.words.say("soon"));
  }

  async sendFile(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    const { say } = this.words;
    if (file.size > this.config.file_bytes) {
      const n = Math.floor(this.config.file_bytes / 1048576);
      this.view.hint(say("tooLarge", { name: file.name, n }));
      return;
    }
    this.view.hint(say("uploading", { name: file.name }));
    try {
      const answer = await fetch(`${this.base}/files`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${this.connection.uploadToken}`,
          "Content-Type": file.type || "application/octet-stream",
          "X-File-Name": encodeURIComponent(file.name),
        },
        body: file,
      });
      if (answer.status === 415) this.view.hint(say("wrongType", { name: file.name }));
      else if (!answer.ok) this.view.hint(say("uploadFailed", { name: file.name }));
      else {
        const kept = await answer.json();
        this.view.hint("");
        this.send({ files: [{ file: kept.file }], shown: [{ kind: "file", name: kept.name }] });
      }
    } catch {
      this.view.hint(say("uploadFailed", { name: file.name }));
    }
  }

  complain(frame) {
    if (frame.id) this.view.note(frame.id, this.words.say("failed", { reason: frame.reason }), true);
    else console.warn("careline:", frame.code, frame.field || "", frame.reason);
  }

  markRead() {
    if (!this.connection.greeted || !this.view.open || document.hidden) return;
    if ((this.newest ?? -1) <= this.readSeq) return;
    this.readSeq = this.newest;
    this.connection.tell({ type: "read", seq: this.readSeq });
  }

  iType() {
    const now = Date.now();
    if (now - (this.typedAt || 0) > TYPING_MS) {
      this.typedAt = now;
      this.connection.tell({ type: "typing", on: true });
    }
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.stopTyping(), STOPPED_MS);
  }

  stopTyping() {
    clearTimeout(this.typingTimer);
    if (this.typedAt) this.connection.tell({ type: "typing", on: false });
    this.typedAt = 0;
  }

  theyType(frame) {
    clearTimeout(this.theirTimer);
    const name = frame.name || this.words.say("agent");
    this.view.hint(frame.on ? this.words.say("typing", { name }) : "");
    if (frame.on) this.theirTimer = setTimeout(() => this.view.hint(""), STOPPED_MS * 2);
  }

  showState(state) {
    const texts = { connecting: "", lost: "lost", refused: "refused", open: "", closed: "" };
    const key = texts[state];
    if (state === "connecting" && !this.view.find(".state").hidden) return;
    this.view.state(key ? this.words.say(key) : "", state === "refused");
  }
}
