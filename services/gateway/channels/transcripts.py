"""Ready-made transcripts: Amazon's Contact Lens and chats, and a plain form for everything else.

The plain form: ``{"call_id": "k", "began_at": "…Z", "language": "en", "turns": [{"speaker":
"customer", "text": "…", "start_seconds": 1.5}]}``.
"""

from __future__ import annotations

import re

from services.gateway.channels.loose import Loose, as_json, digest, moment_us
from services.gateway.domain.incoming import AuthorKind
from services.gateway.domain.transcripts import Transcript, Turn, in_order

# A recording's file is named by its contact and the minute in which it began.
_BEGAN = re.compile(r"_(\d{4})(\d{2})(\d{2})T(\d{2}):(\d{2})_UTC")
_KINDS: dict[str, AuthorKind] = {
    "CUSTOMER": "customer",
    "CALLER": "customer",
    "USER": "customer",
    "AGENT": "agent",
    "SUPERVISOR": "agent",
    "BOT": "bot",
    "CUSTOM_BOT": "bot",
    "SYSTEM": "system",
}


def speaker(role: str) -> AuthorKind:
    """Return who a role is; nobody knows better than that it is not the customer: the system."""
    return _KINDS.get(role.strip().upper(), "system")


def is_contact_lens(record: Loose) -> bool:
    entries = record.objects("Transcript")
    said = any("Content" in one and "BeginOffsetMillis" in one for one in entries)
    return said or (bool(_contact_of(record)) and isinstance(record.values.get("Transcript"), list))


def _contact_of(record: Loose) -> str:
    return record.object("CustomerMetadata").text("ContactId") or record.text("ContactId")


def read_contact_lens(record: Loose, began_at_us: int | None = None) -> Transcript:
    """Read the analysis of a recorded call; when it began, only its file's name tells."""
    roles = {
        one.text("ParticipantId"): one.text("ParticipantRole")
        for one in record.objects("Participants")
    }
    turns = []
    for entry in record.objects("Transcript"):
        participant = entry.text("ParticipantId")
        role = entry.text("ParticipantRole") or roles.get(participant) or participant
        text = entry.text("Content")
        offset_us = round((entry.number("BeginOffsetMillis") or 0.0) * 1_000)
        if text:
            turns.append(Turn(speaker(role), text, max(offset_us, 0)))
    return Transcript(
        # The documentation's examples leave out whose call it is.
        call_id=_contact_of(record) or digest(as_json(record.values))[:32],
        turns=in_order(turns),
        language=record.text("LanguageCode"),
        began_at_us=began_at_us or _began_at_us(record.object("CustomerMetadata")),
    )


def _began_at_us(metadata: Loose) -> int | None:
    found = _BEGAN.search(metadata.text("InputS3Uri").replace("%3A", ":"))
    return moment_us("{}-{}-{}T{}:{}:00Z".format(*found.groups())) if found else None


def is_plain(record: Loose) -> bool:
    return bool(record.text("call_id")) and isinstance(record.values.get("turns"), list)


def read_plain(record: Loose, began_at_us: int | None = None) -> Transcript:
    turns = tuple(
        Turn(
            speaker(entry.text("speaker")),
            entry.text("text"),
            entry.seconds_us("start_seconds"),
            entry.text("speaker_id"),
            entry.text("speaker_name"),
        )
        for entry in record.objects("turns")
        if entry.text("text")
    )
    return Transcript(
        call_id=record.text("call_id"),
        turns=in_order(turns),
        language=record.text("language"),
        began_at_us=record.moment_us("began_at") or began_at_us,
    )
