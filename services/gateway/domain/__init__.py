"""The gateway's rules: who may send, what was said, and what is kept when the log is away."""
