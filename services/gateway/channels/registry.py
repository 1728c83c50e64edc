"""All channels. A new one is a module beside this and a line here; see docs/adding-a-channel.md."""

from __future__ import annotations

from services.gateway.channels.first_party import FirstPartyChannel
from services.gateway.channels.telegram import TelegramChannel
from services.gateway.domain.channel import Channel

CHANNELS: tuple[Channel, ...] = (
    FirstPartyChannel(),
    TelegramChannel(),
)
