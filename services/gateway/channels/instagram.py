"""Instagram professional accounts: direct messages, and comments in public."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.channels.meta.instagram_comments import (
    COMMENT_FIELDS,
    STORY_INSIGHTS,
    read_comment,
    read_insights,
)
from services.gateway.channels.meta.instagram_mentions import MENTIONS, mention_of
from services.gateway.channels.meta.messaging import is_messaging, read_messaging
from services.gateway.channels.meta.pieces import Conversation, Entry, each
from services.gateway.channels.meta.webhook import MetaChannel, MetaSettings
from services.gateway.domain.fields import Fields
from services.gateway.domain.incoming import IncomingEvent, PullDue

_KIND = "instagram"


@dataclass(frozen=True, slots=True)
class InstagramSettings(MetaSettings):
    """``account_id``: whose token it is; "me" is the page or account of the token itself.

    Mentions are asked for where ``account_id`` is the Instagram account's own number.

    ``api_base`` is "https://graph.instagram.com" for a token of Instagram's own login.
    ``human_agent`` and ``private_notice`` as on Messenger.
    """

    account_id: str = "me"
    human_agent: bool = False
    private_notice: str = ""


class InstagramChannel(MetaChannel):
    """``POST /v1/instagram/{organisation}/{account}``."""

    kind = _KIND
    path = "/v1/instagram"
    settings = InstagramSettings

    def _read(self, entry: Entry) -> Sequence[IncomingEvent]:
        otherwise = Conversation(_KIND, occurred_at_us=entry.batched_at_us)

        def messaging(fields: Fields) -> Sequence[IncomingEvent]:
            return read_messaging(fields, _KIND, entry)

        def change(fields: Fields) -> Sequence[IncomingEvent]:
            value, field = fields.object("value"), fields.text("field", "comments")
            if is_messaging(value):
                return messaging(value)
            if field in COMMENT_FIELDS:
                return read_comment(value, _KIND, entry)
            if field == STORY_INSIGHTS:
                return read_insights(value, _KIND, entry)
            kept = otherwise.unrecognised(field, fields.values())
            if field != MENTIONS:
                return [kept]
            # It names a post or comment and nothing more: kept first, then asked for.
            return [kept, otherwise.event(f"pull:{kept.event_id}", PullDue(mention_of(value)))]

        return [
            *each(entry.fields, "messaging", messaging, otherwise),
            *each(entry.fields, "standby", messaging, otherwise),
            *each(entry.fields, "changes", change, otherwise),
        ]
