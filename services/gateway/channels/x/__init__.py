"""X: the Account Activity API, the X Activity API and the filtered stream's posts."""
