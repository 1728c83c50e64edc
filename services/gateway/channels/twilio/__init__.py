"""Twilio: calls, SMS and MMS, WhatsApp over Twilio, Conversations, Event Streams."""
