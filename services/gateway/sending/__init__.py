"""The sender lane: replies go out, each attempt is written down before a platform is called."""
