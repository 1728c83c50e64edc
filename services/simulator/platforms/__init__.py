"""Imitations of the platforms' sending APIs: channels can be tried out, and nothing leaves."""
