"""Checks the files that Careline is deployed with: ``python -m deploy.check``."""
