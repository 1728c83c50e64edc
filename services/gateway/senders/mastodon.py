"""Mastodon: an answer to a status, in public or as a mention that only the customer sees."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from services.gateway.channels.mastodon import MastodonSettings
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.public_answers import (
    public_from_private,
    refuse_empty,
    refuse_unset,
    with_choices,
    with_links,
)
from services.gateway.senders.sender import Platform
from services.gateway.senders.splitting import signed, split

_URL = re.compile(r"https?://\S+")
_MENTION = re.compile(r"@([A-Za-z0-9_.-]+)@[A-Za-z0-9.-]+")
# Every address counts the same, and of a mention only the name.
_URL_LENGTH = 23
_PUBLIC = ("public", "unlisted")
_MOST_STATUSES = 5
# A header takes no reply's id as it is: it may hold anything.
_KEYS = uuid.UUID("0c3f7d52-92b7-4d0e-8a41-6f1f5f0f9d2b")


def measure(text: str) -> int:
    """Count as Mastodon does."""
    counted = _MENTION.sub(lambda found: f"@{found[1]}", text)
    return len(_URL.sub("x" * _URL_LENGTH, counted))


class MastodonSender:
    kind = "mastodon"
    # By the header Idempotency-Key, for an hour.
    idempotent = True

    def plan(self, reply: Reply, settings: MastodonSettings, now_us: int) -> Sequence[Part]:
        _ = now_us  # a status can be answered at any time
        refuse_unset(
            wanted=bool(settings.base_url and settings.access_token),
            names="base_url and access_token",
        )
        status_id, name, visibility = (*reply.reply_address.split("|"), "", "", "")[:3]
        status_id = status_id or reply.last_customer_message_id or reply.thread_id
        words = with_links(reply.text, reply.attachments)
        refuse_empty(words)
        text = signed(with_choices(words, reply), reply, settings.sign)
        was_public = visibility in _PUBLIC
        if reply.public and visibility and not was_public:
            raise public_from_private()
        if not reply.public and not name:
            raise ReplyRefusedError(
                "no_address", "who wrote the status is not known", "answer in public"
            )
        said = visibility if was_public and reply.public else "public" if reply.public else "direct"
        statuses = [(part, said) for part in _parts(text, name, settings.longest_status)]
        if was_public and not reply.public and settings.private_note:
            # The note begins with who it is for.
            note = settings.private_note.replace("{name}", name)
            statuses.append((note, visibility))
        return [
            Part(f"{reply.reply_id}:{index}", part, _status(part, seen, status_id))
            for index, (part, seen) in enumerate(statuses)
        ]

    async def send(self, part: Part, settings: MastodonSettings, platform: Platform) -> str:
        answer = await platform.request(
            "POST",
            f"{settings.base_url.rstrip('/')}/api/v1/statuses",
            headers={
                "Authorization": f"Bearer {settings.access_token}",
                "Idempotency-Key": str(uuid.uuid5(_KEYS, part.key)),
            },
            json=dict(part.payload),
        )
        told = json_object(answer)
        raise_for(answer, reason=str(told.get("error", "")))
        return str(told.get("id", ""))


def _parts(text: str, name: str, longest: int) -> list[str]:
    """Begin every status with whom it answers: who is not named is not told."""
    mention = f"@{name} " if name and f"@{name.lower()}" not in text.lower() else ""
    room = longest - measure(mention)
    return [mention + part for part in split(text, room, measure=measure, most=_MOST_STATUSES)]


def _status(text: str, visibility: str, status_id: str) -> dict[str, object]:
    return {"status": text, "visibility": visibility, "in_reply_to_id": status_id}
