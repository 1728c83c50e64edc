"""Identity's use cases: say who an event is from, and decide which parties are one customer."""
