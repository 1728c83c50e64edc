// One socket that comes back by itself. What was said is kept until everybody has seen it.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30000;
const PING_MS = 25000;
const SILENT_MS = 60000;
const REFUSED = 4401;
const TOO_FAST = 4429;

export class Connection {
  // on: {welcome, message, history, typing, error, state, sent}
  constructor({ url, memory, language, identity, on }) {
    Object.assign(this, { url, memory, language, identity, on });
    this.lastSeq = -1;
    this.pause = FIRST_PAUSE_MS;
    this.socket = null;
    this.greeted = false;
    this.wanted = false;
    // By id, in the order they were said: not yet shown in the thread.
    this.outbox = this.unsent();
    addEventListener("online", () => this.wanted && !this.socket && this.connect());
  }

  // One entry a message, so that the tabs of one visitor do not overwrite each other's.
  outboxKey(id) {
    return `outbox/${this.identity ? this.identity.id || "known" : ""}/${id}`;
  }

  unsent() {
    const frames = this.memory.all(this.outboxKey(""));
    return new Map(frames.map((frame) => [frame.id, { id: frame.id, frame }]));
  }

  start() {
    if (this.wanted) return;
    this.wanted = true;
    this.connect();
  }

  stop() {
    this.wanted = false;
    clearTimeout(this.timer);
    if (this.socket) this.socket.close(1000);
  }

  become(identity) {
    const running = this.wanted;
    this.stop();
    this.identity = identity;
    this.lastSeq = -1;
    this.outbox = this.unsent();
    if (running) this.start();
  }

  connect() {
    clearTimeout(this.timer);
    this.on.state("connecting");
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.greeted = false;
    this.heardAt = Date.now();
    socket.onopen = () => this.greet(socket);
    socket.onmessage = (event) => this.socket === socket && this.hear(JSON.parse(event.data));
    socket.onclose = (event) => this.socket === socket && this.lost(event.code);
  }

  // An identity may be a function that fetches one anew: a signed token expires.
  async greet(socket) {
    const asked = this.identity;
    const identity = typeof asked === "function" ? await Promise.resolve(asked()).catch(() => null) : asked;
    if (this.socket !== socket) return;
    if (asked && !identity) return socket.close(1000);
    this.put({
      type: "hello",
      v: 1,
      token: identity ? undefined : this.memory.read("token") || undefined,
      identity: identity || undefined,
      last_seq: this.lastSeq,
      language: this.language,
    });
    this.beat = setInterval(() => {
      if (Date.now() - this.heardAt > SILENT_MS) this.socket.close();
      else if (this.greeted) this.put({ type: "ping" });
    }, PING_MS);
    return undefined;
  }

  hear(frame) {
    this.heardAt = Date.now();
    switch (frame.type) {
      case "welcome":
        this.welcome(frame);
        break;
      case "message":
        this.see(frame);
        this.on.message(frame);
        break;
      case "history":
        this.on.history(frame);
        break;
      case "ack":
        if (this.outbox.has(frame.id)) this.outbox.get(frame.id).acked = true;
        this.on.sent(frame.id, frame.wait_seconds);
        break;
      case "later":
        if (frame.id) setTimeout(() => this.resend(frame.id), frame.after_seconds * 1000);
        break;
      case "typing":
        this.on.typing(frame);
        break;
      case "error":
        this.complain(frame);
        break;
    }
  }

  welcome(frame) {
    this.greeted = true;
    this.pause = FIRST_PAUSE_MS;
    if (frame.token) this.memory.keep("token", frame.token);
    this.uploadToken = frame.upload_token;
    for (const one of frame.history) this.see(one);
    this.on.welcome(frame);
    this.on.state("open");
    for (const one of this.outbox.values()) this.put(one.frame);
  }

  see(message) {
    this.lastSeq = Math.max(this.lastSeq, message.seq);
    this.forget(message.id);
  }

  complain(frame) {
    if (!frame.id) return this.on.error(frame);
    if (frame.code === "too_fast") {
      setTimeout(() => this.resend(frame.id), 5000);
      return undefined;
    }
    this.forget(frame.id);
    return this.on.error(frame);
  }

  lost(code) {
    clearInterval(this.beat);
    this.socket = null;
    this.greeted = false;
    if (!this.wanted) return this.on.state("closed");
    if (code === REFUSED) {
      this.wanted = false;
      return this.on.state("refused");
    }
    this.on.state("lost");
    const pause = code === TOO_FAST ? LONGEST_PAUSE_MS : this.pause;
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    // Spread, so that a gateway that returns is not met by everybody at once.
    this.timer = setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
    return undefined;
  }

  say(id, said) {
    const frame = { type: "message", id, said_at: Date.now(), ...said };
    this.outbox.set(id, { id, frame });
    this.memory.keep(this.outboxKey(id), frame);
    this.start();
    if (this.greeted) this.put(frame);
  }

  resend(id) {
    const one = this.outbox.get(id);
    if (one && this.greeted) this.put(one.frame);
  }

  forget(id) {
    if (this.outbox.delete(id)) this.memory.keep(this.outboxKey(id), null);
  }

  tell(frame) {
    if (this.greeted) this.put(frame);
  }

  put(frame) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify(frame));
    }
  }
}
