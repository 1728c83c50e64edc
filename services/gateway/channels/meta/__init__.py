"""What WhatsApp, Messenger and Instagram have in common: one signature, one shape of a webhook."""
