"""The organisation's own web chat: rooms, and the conversation with each visitor's widget."""
