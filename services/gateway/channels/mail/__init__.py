"""The mail channel."""

from services.gateway.channels.mail.channel import MailChannel
from services.gateway.channels.mail.settings import MailSettings

__all__ = ["MailChannel", "MailSettings"]
