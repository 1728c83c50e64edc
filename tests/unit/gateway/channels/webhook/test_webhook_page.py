"""docs/channels/webhook.md: every type has one example, and every example is understood."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from services.gateway.channels.first_party import FirstPartyChannel
from services.gateway.channels.first_party_bodies import READERS
from services.gateway.domain.inbound import InboundRequest
from services.gateway.domain.incoming import UnrecognisedEvent

PAGE = Path(__file__).parents[5] / "docs" / "channels" / "webhook.md"
EXAMPLES = re.findall(
    r"^### (\S+)$.*?^```json\n(.*?)^```$",
    PAGE.read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


def test_the_page_shows_every_type_once() -> None:
    assert sorted(name for name, _ in EXAMPLES) == sorted([*READERS, "call.transcribed"])


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_an_example_is_understood(name: str, text: str) -> None:
    assert json.loads(text)["type"] == name
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1767225600"}
    events = FirstPartyChannel().parse(InboundRequest(text.encode(), headers))
    assert events
    assert not any(isinstance(event.body, UnrecognisedEvent) for event in events)
    assert all(event.occurred_at_us for event in events)
