"""Messenger and a Facebook page: conversations, and what is written on the page in public."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.channels.meta.messaging import is_messaging, read_messaging
from services.gateway.channels.meta.page_feed import FEED_FIELDS, read_feed
from services.gateway.channels.meta.pieces import Conversation, Entry, each
from services.gateway.channels.meta.webhook import MetaChannel, MetaSettings
from services.gateway.domain.fields import Fields
from services.gateway.domain.incoming import IncomingEvent

_KIND = "messenger"


@dataclass(frozen=True, slots=True)
class MessengerSettings(MetaSettings):
    """``human_agent``: Meta allowed the app to answer for 7 days, in place of 24 hours.

    ``private_notice``: said in public where a comment is answered in private.
    """

    human_agent: bool = False
    private_notice: str = ""


class MessengerChannel(MetaChannel):
    """``POST /v1/messenger/{organisation}/{account}``."""

    kind = _KIND
    path = "/v1/messenger"
    settings = MessengerSettings

    def _read(self, entry: Entry) -> Sequence[IncomingEvent]:
        otherwise = Conversation(_KIND, occurred_at_us=entry.batched_at_us)

        def messaging(fields: Fields) -> Sequence[IncomingEvent]:
            return read_messaging(fields, _KIND, entry)

        def change(fields: Fields) -> Sequence[IncomingEvent]:
            value, field = fields.object("value"), fields.text("field", "feed")
            if is_messaging(value):
                return messaging(value)
            if field in FEED_FIELDS:
                return read_feed(field, value, _KIND, entry)
            return [otherwise.unrecognised(field, fields.values())]

        return [
            *each(entry.fields, "messaging", messaging, otherwise),
            *each(entry.fields, "standby", messaging, otherwise),
            *each(entry.fields, "changes", change, otherwise),
        ]
