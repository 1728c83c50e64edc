from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.gateway.domain.outbound import Part, Reply
from services.gateway.senders.sender import PlatformAnswer


@dataclass
class Call:
    method: str
    url: str
    headers: Mapping[str, str]
    json: Any


@dataclass
class FakeGraph:
    """Answers every call with what it was told."""

    status: int = 200
    body: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> PlatformAnswer:
        self.calls.append(Call(method, url, headers or {}, json))
        return PlatformAnswer(self.status, self.headers, _bytes(self.body))


def _bytes(body: object) -> bytes:
    return json.dumps(body).encode()


@pytest.fixture
def graph() -> Callable[..., FakeGraph]:
    return FakeGraph


NOW_US = 1_767_168_000_000_000
HOUR_US = 3600 * 1_000_000


@pytest.fixture
def reply() -> Callable[..., Reply]:
    """Return a reply to a customer who wrote an hour ago."""

    def build(**changed: Any) -> Reply:
        plain: dict[str, Any] = {
            "reply_id": "r1",
            "thread_id": "300:700",
            "text": "On its way.",
            "last_customer_message_id": "m_A1",
            "last_customer_at_us": NOW_US - HOUR_US,
        }
        return Reply(**plain | changed)

    return build


@pytest.fixture
def planned() -> Callable[..., Sequence[Part]]:
    """Plan, and see that the parts are plain JSON with keys of their own."""

    def plan(sender: Any, reply: Reply, settings: Any) -> Sequence[Part]:
        parts: Sequence[Part] = sender.plan(reply, settings, NOW_US)
        assert parts == sender.plan(reply, settings, NOW_US)
        assert all(json.loads(json.dumps(part.payload)) == part.payload for part in parts)
        assert len({part.key for part in parts}) == len(parts)
        return parts

    return plan
