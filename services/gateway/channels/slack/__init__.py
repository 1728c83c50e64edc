"""Slack: the Events API, pressed buttons and slash commands."""
