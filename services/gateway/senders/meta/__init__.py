"""The way out to Meta's platforms: one API, one way of saying no."""
