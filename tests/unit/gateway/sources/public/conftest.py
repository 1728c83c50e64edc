"""A world of scripted answers for the sources of public channels."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.gateway.domain.account import Account
from services.gateway.domain.incoming import IncomingEvent, PullDue
from services.gateway.sources.source import Source

Answer = tuple[int, Mapping[str, str], bytes]


class EndError(Exception):
    """The source has paused as often as the test lets it."""


@dataclass
class Asked:
    method: str
    url: str
    headers: Mapping[str, str]
    json: object


@dataclass
class World:
    """``answer`` is asked for every request; ``streams`` are given out one a connection."""

    answer: Callable[[Asked], Answer]
    rounds: int = 1
    streams: list[Sequence[bytes]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    taken: list[IncomingEvent] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    cursors: dict[str, str] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    at_us: int = 1_772_438_400_000_000

    @property
    def account(self) -> Account:
        return Account("acme", "main", "test", settings=None)

    def now_us(self) -> int:
        return self.at_us

    async def take(self, events: Sequence[IncomingEvent], raw: bytes = b"") -> None:
        self.taken += events
        self.raw.append(raw)

    def cursor(self, name: str) -> str:
        return self.cursors.get(name, "")

    async def keep_cursor(self, name: str, value: str) -> None:
        self.cursors[name] = value

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Answer:
        asked = Asked(method, url, dict(headers or {}), json)
        self.asked.append(asked)
        return self.answer(asked)

    async def stream(
        self, url: str, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[bytes]:
        self.asked.append(Asked("STREAM", url, dict(headers or {}), None))
        if not self.streams:
            raise ConnectionError("no stream is left")
        for line in self.streams.pop(0):
            yield line

    async def next_due(self, seconds: float) -> PullDue | None:
        return None

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) >= self.rounds:
            raise EndError

    def report(self, trouble: str = "") -> None:
        self.troubles.append(trouble)

    @property
    def told(self) -> list[str]:
        return [event.event_id for event in self.taken]

    async def run(self, source: Source, settings: Any, rounds: int = 1) -> None:
        """Let the source run until it has paused so often."""
        self.rounds = len(self.pauses) + rounds
        with contextlib.suppress(EndError, ExceptionGroup):
            await source.run(self, settings)


@pytest.fixture
def world() -> Callable[[Callable[[Asked], Answer]], World]:
    return World
