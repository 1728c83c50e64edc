"""X: posts and direct messages in the organisation's own name."""
