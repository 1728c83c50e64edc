"""The page on adding a channel holds a channel that works."""

from __future__ import annotations

import hmac
import re
import sys
import textwrap
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from services.gateway.adapters.accounts_file import read_accounts
from services.gateway.domain.channel import Channel
from services.gateway.domain.inbound import InboundRequest, RefusedError

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def blocks(pages: dict[str, Any]) -> dict[str, str]:
    """The page's blocks by language; there is one of each."""
    found = _BLOCK.findall(pages["docs/adding-a-channel.md"].text)
    assert sorted(language for language, _ in found) == ["json", "python", "yaml"]
    return dict(found)


@pytest.fixture
def channel(blocks: dict[str, str]) -> Iterator[Channel]:
    module = ModuleType("pigeon_of_the_page")
    sys.modules[module.__name__] = module
    exec(compile(textwrap.dedent(blocks["python"]), "adding-a-channel.md", "exec"), module.__dict__)
    yield module.PigeonChannel()
    del sys.modules[module.__name__]


@pytest.fixture
def settings(channel: Channel, blocks: dict[str, str], tmp_path: Path) -> Any:
    path = tmp_path / "accounts.yaml"
    path.write_text(blocks["yaml"], encoding="utf-8")
    [account] = read_accounts(path, [channel], {"PIGEON_SECRET": "coo"})
    return account.settings


def test_its_account_is_read_with_its_settings(settings: Any) -> None:
    assert (settings.secrets, settings.loft) == (("coo",), "roof")


def test_its_request_is_proved_and_a_changed_one_is_not(
    channel: Channel, settings: Any, blocks: dict[str, str]
) -> None:
    body = blocks["json"].encode()
    headers = {"x-pigeon-ring": hmac.digest(b"coo", body, sha256).hex()}
    assert channel.verify(InboundRequest(body, headers), settings, 0).body == body
    with pytest.raises(RefusedError):
        channel.verify(InboundRequest(body + b" ", headers), settings, 0)
    assert channel.handshake(InboundRequest(body, headers), settings, 0) is None


def test_its_sample_says_what_the_page_says(channel: Channel, blocks: dict[str, str]) -> None:
    [event] = channel.parse(InboundRequest(blocks["json"].encode()))
    assert (event.event_id, event.thread_id, event.author_id) == ("L-1", "p-7", "p-7")
    assert event.body.text == "Where is my parcel?"  # type: ignore[union-attr]
    assert event.occurred_at_us == 1_769_846_400_000_000
