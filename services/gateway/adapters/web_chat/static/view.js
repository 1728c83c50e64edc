// What the visitor sees: one shadow root, so that neither the page's style nor ours leaks.

const BUBBLE =
  '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 3h16a2 2 0 0 1 2 2v11a2 2 0 0 1-2 2h-8l-5 4v-4H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z"/></svg>';
const CLIP =
  '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M16.5 6v11.5a4 4 0 0 1-8 0V5a2.5 2.5 0 0 1 5 0v10.5a1 1 0 0 1-2 0V6H10v9.5a2.5 2.5 0 0 0 5 0V5a4 4 0 0 0-8 0v12.5a5.5 5.5 0 0 0 11 0V6z"/></svg>';
const SHELL = `
<div class="invitation" role="status" hidden><p></p><button class="accept" type="button"></button><button class="dismiss" type="button"></button></div>
<button class="launcher" type="button" aria-haspopup="dialog" aria-expanded="false">${BUBBLE}<span class="name"></span><span class="badge" hidden></span></button>
<section class="panel" role="dialog" aria-labelledby="title" hidden>
<header><h2 id="title"></h2><button class="close" type="button">×</button></header>
<div class="state" role="status" hidden></div>
<div class="log" tabindex="0"><button class="older" type="button" hidden></button><ol role="log" aria-live="polite" aria-relevant="additions"></ol></div>
<div class="hint" role="status"></div>
<form><button class="attach" type="button">${CLIP}</button><input class="file" type="file" hidden><label class="unseen" for="text"></label><textarea id="text" rows="1" enterkeyhint="send"></textarea><button class="send" type="submit"></button></form>
</section>`;
const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;

export class View {
  constructor({ words, side, origin }) {
    this.words = words;
    this.host = document.createElement("careline-chat");
    this.host.lang = words.language;
    this.host.dir = words.direction;
    if (side) this.host.dataset.side = side;
    this.root = this.host.attachShadow({ mode: "open" });
    this.root.innerHTML = SHELL;
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = `${origin}/chat/static/style.css`;
    this.ready = new Promise((done) => {
      style.onload = style.onerror = done;
    });
    this.root.prepend(style);
    this.say();
    this.items = new Map();
    document.body.append(this.host);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  say() {
    const say = this.words.say;
    this.find(".name").textContent = say("title");
    this.find("h2").textContent = say("title");
    this.find(".close").setAttribute("aria-label", say("close"));
    this.find(".older").textContent = say("older");
    this.find(".attach").setAttribute("aria-label", say("attach"));
    this.find("label").textContent = say("label");
    this.find("textarea").placeholder = say("label");
    this.find(".send").textContent = say("send");
    this.find(".accept").textContent = say("accept");
    this.find(".dismiss").textContent = say("dismiss");
    this.find(".launcher").setAttribute("aria-label", say("open"));
    this.find("ol").setAttribute("aria-label", say("title"));
  }

  dress({ title, colour }) {
    if (title) {
      this.find(".name").textContent = title;
      this.find("h2").textContent = title;
    }
    if (colour) this.host.style.setProperty("--careline-colour", colour);
  }

  get open() {
    return !this.find(".panel").hidden;
  }

  toggle(open) {
    this.find(".panel").hidden = !open;
    this.find(".launcher").hidden = open;
    this.find(".launcher").setAttribute("aria-expanded", String(open));
    this.host.toggleAttribute("data-open", open);
    if (open) {
      this.invite(null);
      this.scroll();
      this.find("textarea").focus();
    } else {
      this.find(".launcher").focus();
    }
  }

  unread(count) {
    const badge = this.find(".badge");
    badge.hidden = !count;
    badge.textContent = count ? this.words.say("unread", { n: count }) : "";
    const label = this.words.say("open");
    this.find(".launcher").setAttribute("aria-label", count ? `${label}, ${badge.textContent}` : label);
  }

  invite(text) {
    this.find(".invitation p").textContent = text || "";
    this.find(".invitation").hidden = !text;
  }

  state(text, bad = false) {
    const state = this.find(".state");
    state.textContent = text;
    state.hidden = !text;
    state.classList.toggle("bad", bad);
  }

  hint(text) {
    if (this.find(".hint").textContent !== text) this.find(".hint").textContent = text;
  }

  more(there) {
    this.find(".older").hidden = !there;
  }

  aloud(on) {
    this.find("ol").setAttribute("aria-live", on ? "polite" : "off");
  }

  clear() {
    this.items.clear();
    this.find("ol").replaceChildren();
  }

  // Shows a message at its place, once; one of ours that waited turns into the one that is shown.
  show(message, { mine, name, note, failed = false, urlOf, onQuick }) {
    const item = document.createElement("li");
    item.className = `${mine ? "mine" : "theirs"}${failed ? " failed" : ""}`;
    item.dataset.id = message.id;
    item.dataset.seq = message.seq;
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    bubble.dir = "auto";
    this.write(bubble, message.text);
    for (const file of message.files || []) bubble.append(this.file(file, urlOf(file)));
    const meta = document.createElement("div");
    meta.className = "meta";
    meta.textContent = [name, note].filter(Boolean).join(" · ");
    item.append(bubble, meta);
    if (message.quick_replies && message.quick_replies.length) item.append(this.quick(message, onQuick));
    this.place(item, message);
  }

  place(item, message) {
    const near = this.nearEnd();
    const old = this.items.get(message.id);
    this.items.set(message.id, item);
    const after = [...this.find("ol").children].find(
      (one) => one !== old && Number(one.dataset.seq) > message.seq,
    );
    if (old && !after && old === this.find("ol").lastElementChild) old.replaceWith(item);
    else {
      if (old) old.remove();
      this.find("ol").insertBefore(item, after || null);
    }
    if (near) this.scroll();
  }

  note(id, text, failed = false) {
    const item = this.items.get(id);
    if (!item) return;
    item.classList.toggle("failed", failed);
    item.querySelector(".meta").textContent = text;
  }

  quick(message, onQuick) {
    const row = document.createElement("div");
    row.className = "quick";
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", this.words.say("quick"));
    for (const one of message.quick_replies) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = one.title;
      button.onclick = () => {
        row.remove();
        onQuick(one);
        this.find("textarea").focus();
      };
      row.append(button);
    }
    return row;
  }

  write(bubble, text) {
    let from = 0;
    for (const match of text.matchAll(LINK)) {
      bubble.append(text.slice(from, match.index), this.link(match[0], match[0]));
      from = match.index + match[0].length;
    }
    bubble.append(text.slice(from));
  }

  link(url, text) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = text;
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    return link;
  }

  file(file, url) {
    if (!/^https?:\/\//.test(url)) return document.createTextNode(file.name || file.kind);
    const link = this.link(url, file.name || file.kind);
    if (file.kind === "image") {
      const image = document.createElement("img");
      image.alt = file.name || this.words.say("attach");
      image.src = url;
      image.onload = () => this.nearEnd(320) && this.scroll();
      link.replaceChildren(image);
    }
    return link;
  }

  nearEnd(margin = 80) {
    const log = this.find(".log");
    return log.scrollHeight - log.scrollTop - log.clientHeight < margin;
  }

  scroll() {
    const log = this.find(".log");
    log.scrollTop = log.scrollHeight;
  }
}
