// What the widget remembers between pages. A browser that forbids it forgets, and nothing breaks.

export class Memory {
  constructor(name) {
    this.prefix = `careline/${name}/`;
  }

  read(key, store = "localStorage") {
    try {
      return JSON.parse(window[store].getItem(this.prefix + key));
    } catch {
      return null;
    }
  }

  // Everything whose key begins so, the oldest first where it says when it was said.
  all(start) {
    try {
      const from = this.prefix + start;
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(from))
        .map((key) => JSON.parse(localStorage.getItem(key)))
        .sort((one, other) => (one.said_at || 0) - (other.said_at || 0));
    } catch {
      return [];
    }
  }

  keep(key, value, store = "localStorage") {
    try {
      if (value === null || value === undefined) window[store].removeItem(this.prefix + key);
      else window[store].setItem(this.prefix + key, JSON.stringify(value));
    } catch {
      // Private windows and full stores: this visit goes on without a memory.
    }
  }
}

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
