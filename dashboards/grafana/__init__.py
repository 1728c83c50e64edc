"""The operators' dashboard, as code."""
