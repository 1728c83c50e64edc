"""Amazon Connect: contact records, contact events, chat messages and transcripts."""
