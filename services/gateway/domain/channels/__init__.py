"""One module per channel: how its requests prove themselves, and what they say."""

from __future__ import annotations

from services.gateway.domain.channel import Channel
from services.gateway.domain.channels.first_party import FirstPartyChannel
from services.gateway.domain.channels.telegram import TelegramChannel

# A new channel is a module beside these and a line here.
CHANNELS: tuple[Channel, ...] = (FirstPartyChannel(), TelegramChannel())
