"""Frames, pace, invitations and settings of the web chat."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.channels.web_chat import WebChatChannel, WebChatSettings
from services.gateway.domain.chat_frames import Hello, Said, read_frame
from services.gateway.domain.chat_invitations import InvitationRule, choose, in_language
from services.gateway.domain.chat_pace import Pace, PaceKeeper
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError, RefusedError
from services.gateway.domain.incoming import UnrecognisedEvent

SECOND_US = 1_000_000
RULES = (
    InvitationRule("late", {"de": "Hilfe?"}, ("https://a.example/pay*",), ("de",), 5, "yes"),
    InvitationRule("all", {"": "Help?", "fr": "Aide ?", "zh-CN": "帮忙？"}, seconds_on_page=60),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_NAMES = ("v", "id", "text", "files", "file", "token", "identity", "seq", "before", "last_seq")


@given(st.binary())
def test_whatever_arrives_only_a_complaint_comes_back(data: bytes) -> None:
    for read in (read_frame, lambda one: WebChatChannel().parse(InboundRequest(one))):
        with pytest.raises(InvalidRequestError):
            read(data)


@given(
    st.sampled_from(["hello", "message", "typing", "read", "older", "ping", "x"]),
    st.dictionaries(st.sampled_from(_NAMES), _JSON),
)
@settings(max_examples=300)
def test_a_frame_of_any_shape_is_read_or_complained_of(kind: str, more: dict[str, object]) -> None:
    data = json.dumps({"type": kind, **more}).encode()
    for read in (read_frame, lambda one: WebChatChannel().parse(InboundRequest(one))):
        with suppress(InvalidRequestError):
            read(data)


def test_a_greeting_and_a_message_are_read() -> None:
    hello = {"type": "hello", "v": 1, "token": "t", "last_seq": 7, "language": "no such thing!"}
    assert read_frame(json.dumps(hello).encode()) == Hello("t", None, 7, "")
    said = {"type": "message", "id": "12345678", "text": " hi ", "files": [{"file": "f"}]}
    assert read_frame(json.dumps(said).encode()) == Said("12345678", "hi", files=("f",))


def test_nothing_is_pushed_to_a_chat() -> None:
    with pytest.raises(RefusedError):
        WebChatChannel().verify(InboundRequest(b"{}"), WebChatSettings(), 0)


def test_what_is_kept_and_not_a_message_is_kept_as_it_came() -> None:
    body = b'{"type": "poll", "id": "p-1", "thread_id": "shop:v-1", "author": {}}'
    [event] = WebChatChannel().parse(InboundRequest(body))
    assert event.body == UnrecognisedEvent("poll", body)


def test_a_pace_allows_a_burst_and_then_so_many_a_minute() -> None:
    keeper = PaceKeeper(Pace(3, 60))
    assert [keeper.allows("a", 0) for _ in range(4)] == [True, True, True, False]
    assert keeper.allows("b", 0)
    assert not keeper.allows("a", SECOND_US // 2)
    assert keeper.allows("a", SECOND_US)
    # The clock went back: nothing is gained by it.
    assert not keeper.allows("a", 0)


@given(st.lists(st.integers(0, 10 * SECOND_US), max_size=60))
def test_no_pace_is_exceeded(times_us: list[int]) -> None:
    keeper = PaceKeeper(Pace(5, 60))
    allowed = sum(keeper.allows("a", at_us) for at_us in sorted(times_us))
    assert allowed <= 5 + 10


def test_a_pace_remembers_so_many_names() -> None:
    keeper = PaceKeeper(Pace(1, 1), most_names=10)
    for number in range(100):
        assert keeper.allows(str(number), 0)
    assert len(keeper._left) == 10


@pytest.mark.parametrize(
    ("page", "language", "returning", "name"),
    [
        ("https://a.example/pay/2?x=1#top", "de-AT", True, "late"),
        ("https://a.example/pay/2", "de-AT", False, "all"),
        ("https://a.example/shop?to=https://a.example/pay", "de", True, "all"),
        ("https://a.example/pay", "en", True, "all"),
    ],
)
def test_the_first_rule_that_holds_speaks(
    page: str, language: str, returning: bool, name: str
) -> None:
    chosen = choose(RULES, page=page, language=language, returning=returning)
    assert chosen is not None
    assert chosen.name == name


@pytest.mark.parametrize(
    ("language", "text"),
    [("fr-CA", "Aide ?"), ("en", "Help?"), ("zh-TW", "帮忙？"), ("", "Help?"), ("f", "Help?")],
)
def test_a_text_is_found_for_a_language(language: str, text: str) -> None:
    assert in_language(RULES[1].texts, language) == text


def test_without_a_rule_nobody_is_spoken_to() -> None:
    assert choose(RULES[:1], page="https://b.example", language="de", returning=True) is None


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (WebChatSettings(("short",)), "at least 32"),
        (WebChatSettings(allowed_origins=("shop.example",)), "no origin"),
        (WebChatSettings(allowed_origins=("https://shop.example/",)), "no origin"),
        (WebChatSettings(colour="#ffee00"), "darker"),
        (WebChatSettings(colour="blue"), "#0b5cad"),
        (WebChatSettings(invitations=(InvitationRule("x"),)), "says nothing"),
        (WebChatSettings(invitations=(InvitationRule("", {"": "Hi"}),)), "needs a name"),
        (WebChatSettings(largest_file_bytes=-1), "negative"),
    ],
)
def test_settings_that_cannot_work_are_named(changed: WebChatSettings, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        WebChatChannel().check(changed)


def test_settings_that_work_pass() -> None:
    WebChatChannel().check(
        WebChatSettings(("x" * 32,), ("http://localhost:8000",), colour="#0b5cad")
    )
