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
