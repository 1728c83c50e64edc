"""Recorded conversations, read from a file and put in order, ready to be fed to the gateway."""
