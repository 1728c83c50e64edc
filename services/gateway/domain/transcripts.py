"""What was said in a call, turn by turn, whoever wrote it down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.domain.incoming import AuthorKind, IncomingEvent, WrittenMessage


@dataclass(frozen=True, slots=True)
class Turn:
    """``offset_us``: since the recording began. ``speaker_id`` is empty when it is not known."""

    speaker: AuthorKind
    text: str
    offset_us: int = 0
    speaker_id: str = ""
    speaker_name: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """``began_at_us``: when offset 0 was, microseconds since the epoch, UTC; None when unknown."""

    call_id: str
    turns: tuple[Turn, ...]
    language: str = ""
    began_at_us: int | None = None


def to_events(
    transcript: Transcript,
    *,
    channel: str,
    thread_id: str,
    customer_id: str = "",
    brand_id: str = "",
) -> list[IncomingEvent]:
    """Return one message a turn; a turn's id is its place, so that a repeat adds nothing."""
    return [
        IncomingEvent(
            event_id=f"{transcript.call_id}:turn:{number}",
            channel=channel,
            thread_id=thread_id,
            body=WrittenMessage(
                message_id=f"{transcript.call_id}:turn:{number}",
                author_kind=turn.speaker,
                author_name=turn.speaker_name,
                text=turn.text,
                language_hint=transcript.language,
                payload="transcript",
            ),
            occurred_at_us=None
            if transcript.began_at_us is None
            else transcript.began_at_us + turn.offset_us,
            author_id=turn.speaker_id or (customer_id if turn.speaker == "customer" else ""),
            brand_id=brand_id,
        )
        for number, turn in enumerate(transcript.turns, start=1)
    ]


def in_order(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    return tuple(sorted(turns, key=lambda turn: turn.offset_us))
