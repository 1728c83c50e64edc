"""One module per channel: its settings, how its requests prove themselves, and what they say."""
