"""A support organisation that does not exist: who writes to it, who answers, and when."""
