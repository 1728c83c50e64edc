"""A platform that answers as it is told, and a reply to try."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.gateway.domain.outbound import Reply
from services.gateway.senders.sender import PlatformAnswer

NOW_US = 1_772_530_000_000_000
HOUR_US = 3_600_000_000


@dataclass
class Call:
    method: str
    url: str
    headers: Mapping[str, str]
    json: Any


@dataclass
class FakePlatform:
    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def now_us(self) -> int:
        return NOW_US

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
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def platform() -> Callable[..., Any]:
    """Return a platform that gives the same answer to everything."""
    return FakePlatform


@pytest.fixture
def now_us() -> int:
    return NOW_US


@pytest.fixture
def reply() -> Callable[..., Reply]:
    """Return a reply to a customer who wrote an hour ago."""

    def build(**changed: Any) -> Reply:
        plain: dict[str, Any] = {
            "reply_id": "r1",
            "thread_id": "42",
            "text": "On its way.",
            "last_customer_message_id": "7",
            "last_customer_at_us": NOW_US - HOUR_US,
        }
        return Reply(**plain | changed)

    return build
