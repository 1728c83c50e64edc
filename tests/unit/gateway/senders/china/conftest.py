from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.gateway.domain.outbound import Part, Reply
from services.gateway.senders.sender import AccessToken, PlatformAnswer

NOW_US = 1_772_529_342_000_000
HOUR_US = 3600 * 1_000_000


@dataclass
class Call:
    method: str
    url: str
    headers: Mapping[str, str]
    # The JSON or the form that was sent; the raw body where it is neither.
    sent: Any


@dataclass
class FakePlatform:
    """Answers by path: one answer for always, or a list of answers, one a call."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    tokens: dict[str, AccessToken] = field(default_factory=dict)

    def now_us(self) -> int:
        return NOW_US

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> PlatformAnswer:
        self.calls.append(Call(method, url, headers or {}, json or form or _read(body)))
        for path, answer in self.answers.items():
            if path in url:
                one = answer.pop(0) if isinstance(answer, list) else answer
                if isinstance(one, Exception):
                    raise one
                status, document = one if isinstance(one, tuple) else (200, one)
                return PlatformAnswer(status, {"retry-after": "9"}, _bytes(document))
        raise AssertionError(f"nobody answers {url}")

    async def token(self, name: str, fetch: Callable[[], Awaitable[AccessToken]]) -> str:
        if name not in self.tokens:
            self.tokens[name] = await fetch()
        return self.tokens[name].value

    def forget_token(self, name: str) -> None:
        self.forgotten.append(name)
        self.tokens.pop(name, None)

    def sent_to(self, path: str) -> list[Any]:
        return [call.sent for call in self.calls if path in call.url]


def _read(body: bytes | None) -> object:
    if body is None or not body.startswith(b"{"):
        return body
    # Chinese must stand as it is: the platforms show an escape as it stands.
    assert b"\\u" not in body
    return json.loads(body)


def _bytes(document: object) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document).encode()


@pytest.fixture
def platform() -> Callable[..., FakePlatform]:
    return FakePlatform


@pytest.fixture
def reply() -> Callable[..., Reply]:
    """Return a reply to a customer who wrote an hour ago."""

    def build(**changed: Any) -> Reply:
        plain: dict[str, Any] = {
            "reply_id": "r1",
            "thread_id": "oLINA",
            "text": "已为您退款。",
            "last_customer_message_id": "m1",
            "last_customer_at_us": NOW_US - HOUR_US,
            "agent_name": "李 娜",
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
