"""Telegram: bots in private chats, groups, channels and on behalf of businesses."""

from services.gateway.channels.telegram.channel import TelegramChannel

__all__ = ["TelegramChannel"]
