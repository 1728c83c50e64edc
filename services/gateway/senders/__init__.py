"""One module per channel: its reply window, its limits, and the calls that deliver a reply."""
