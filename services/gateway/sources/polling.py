"""Asking again and again: pauses, what a refusal means, and what is new since the last time."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from services.gateway.channels.public_posts import digest
from services.gateway.domain.inbound import InvalidRequestError
from services.gateway.domain.incoming import Engagement, IncomingEvent, WrittenMessage
from services.gateway.sources.source import Surroundings

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0
# A stream that was followed so long was well, however it ended.
_WELL_US = 60 * 1_000_000
_LONGEST_WAIT_SECONDS = 3600.0
_MOST_REMEMBERED = 5_000
_CURSOR = "versions"
_OK = range(200, 300)


class NotAnsweredError(ConnectionError):
    """The other side answered, but not with what was asked for."""

    def __init__(self, reason: str, after_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


async def keep_polling(
    around: Surroundings,
    seconds: float,
    once: Callable[[], Awaitable[None]],
    report: Callable[[str], None] | None = None,
) -> None:
    """Call ``once`` for ever, with a pause; a growing one while it goes wrong."""
    tell = report or around.report
    pause = _FIRST_PAUSE_SECONDS
    while True:
        started_at_us = around.now_us()
        try:
            await once()
        except (ConnectionError, InvalidRequestError) as error:
            tell(str(error))
            if around.now_us() - started_at_us > _WELL_US:
                pause = _FIRST_PAUSE_SECONDS
            told = error.after_seconds if isinstance(error, NotAnsweredError) else 0.0
            await around.pause(max(pause, told))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        else:
            tell("")
            pause = _FIRST_PAUSE_SECONDS
            await around.pause(seconds)


async def get(
    around: Surroundings, url: str, headers: Mapping[str, str], what: str
) -> tuple[Mapping[str, str], bytes]:
    """Fetch, or raise ``NotAnsweredError`` that names what was asked for, never the address."""
    status, told, body = await around.request("GET", url, headers=headers)
    check(status, told, what)
    return told, body


def check(status: int, headers: Mapping[str, str], what: str) -> None:
    if status not in _OK:
        raise NotAnsweredError(f"{what}: answered {status}", _retry_after(headers))


def _retry_after(headers: Mapping[str, str]) -> float:
    text = headers.get("retry-after", "").strip()
    plain = text.isascii() and text.isdigit()
    return min(float(text[:9]), _LONGEST_WAIT_SECONDS) if plain else 0.0


class Versions:
    """What was seen last of each message and its counts, for as many as come up again.

    After an error start anew from what was kept: what was seen and not taken is news again.
    """

    def __init__(self, kept: str) -> None:
        self._seen: dict[str, str] = json.loads(kept) if kept else {}
        self._changed = False
        self._kept_at_us = 0

    @classmethod
    def of(cls, around: Surroundings) -> Versions:
        return cls(around.cursor(_CURSOR))

    def knows(self, message_id: str) -> bool:
        return message_id in self._seen

    def news(self, events: Iterable[IncomingEvent]) -> list[IncomingEvent]:
        """Return what was not seen before; another version of a known message is an edit."""
        return [new for event in events if (new := self._new(event)) is not None]

    def _new(self, event: IncomingEvent) -> IncomingEvent | None:
        body = event.body
        match body:
            case WrittenMessage():
                name = body.message_id
            case Engagement():
                name = f"counts:{body.message_id}"
            case _:
                return event
        version = digest(event.event_id)[:12]
        before = self._seen.pop(name, None)
        self._seen[name] = version
        if before == version:
            return None
        self._changed = True
        if before is not None and isinstance(body, WrittenMessage):
            return replace(event, body=replace(body, edited=True))
        return event

    async def keep(self, around: Surroundings, *, every_us: int = 0) -> None:
        """Keep what was seen, after it was taken; not more often than ``every_us``."""
        if not self._changed or around.now_us() - self._kept_at_us < every_us:
            return
        self._kept_at_us = around.now_us()
        for name in list(self._seen)[: max(0, len(self._seen) - _MOST_REMEMBERED)]:
            del self._seen[name]
        await around.keep_cursor(_CURSOR, json.dumps(self._seen))
        self._changed = False
