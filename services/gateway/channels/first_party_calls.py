"""Calls in the first-party contract: their steps, and what was said."""

from __future__ import annotations

from typing import get_args

from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import AuthorKind, CallPhase, CallStep
from services.gateway.domain.transcripts import Transcript, Turn

PHASES: tuple[CallPhase, ...] = get_args(CallPhase)

_SPEAKERS: tuple[AuthorKind, ...] = ("customer", "agent", "bot")
_DIRECTIONS = ("inbound", "outbound")
_MOST_TURNS = 5_000


def call_step(data: Fields, phase: CallPhase) -> CallStep:
    direction = data.text("direction", _DIRECTIONS[0])
    if direction not in _DIRECTIONS:
        data.complain("direction", f"is {direction!r}; expected is {' or '.join(_DIRECTIONS)}")
    return CallStep(
        call_id=data.text("call_id"),
        phase=phase,
        leg_id=data.text("leg_id", ""),
        outbound=direction == "outbound",
        caller=data.text("caller", ""),
        callee=data.text("callee", ""),
        queue=data.text("queue", ""),
        agent=data.text("agent", ""),
        duration_us=_seconds_us(data, "duration_seconds"),
        recording_url=data.text("recording_url", "", limit=2048),
        reason=data.text("reason", ""),
    )


def transcript(data: Fields, began_at_us: int | None) -> Transcript:
    return Transcript(
        call_id=data.text("call_id"),
        turns=tuple(_turn(entry) for entry in data.objects("turns", limit=_MOST_TURNS)),
        language=data.text("language", ""),
        began_at_us=began_at_us,
    )


def _turn(entry: Fields) -> Turn:
    speaker = next((one for one in _SPEAKERS if one == entry.text("speaker")), None)
    if speaker is None:
        entry.complain("speaker", f"is unknown; expected is {' or '.join(_SPEAKERS)}")
    return Turn(
        speaker=speaker,
        text=entry.text("text", limit=TEXT_LIMIT),
        offset_us=_seconds_us(entry, "start_seconds"),
        speaker_id=entry.text("speaker_id", ""),
        speaker_name=entry.text("speaker_name", ""),
    )


def _seconds_us(data: Fields, name: str) -> int:
    if name not in data:
        return 0
    seconds = data.number(name)
    # Ten years: what is longer is no duration but another unit.
    if not 0 <= seconds <= 10 * 366 * 86_400:
        data.complain(name, "is not a duration in seconds")
    return round(seconds * 1_000_000)
