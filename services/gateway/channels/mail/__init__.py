"""The mail channel."""

from services.gateway.channels.mail.channel import MailChannel, MailSettings

__all__ = ["MailChannel", "MailSettings"]
