"""The model: pure functions of a seed and of time."""
