from __future__ import annotations

import pytest

from services.gateway.domain.outbound import (
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.sender import PlatformAnswer


def answer(status: int, body: bytes = b"", **headers: str) -> PlatformAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return PlatformAnswer(status, named, body)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_what_was_taken_passes(status: int) -> None:
    raise_for(answer(status))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_what_may_pass_later_is_tried_later(status: int) -> None:
    with pytest.raises(TryLaterError) as later:
        raise_for(answer(status, retry_after="7"))
    assert later.value.after_us == 7_000_000


@pytest.mark.parametrize(
    ("after", "date", "expected_us"),
    [
        ("0.5", "", 500_000),
        ("Sun, 22 Nov 2026 05:00:30 GMT", "Sun, 22 Nov 2026 05:00:00 GMT", 30_000_000),
        ("Sun, 22 Nov 2026 05:00:30 GMT", "", 0),
        ("soon", "", 0),
        ("-3", "", 0),
        ("inf", "", 0),
        ("nan", "", 0),
        ("99999999", "", 24 * 3600 * 1_000_000),
    ],
)
def test_the_time_to_wait_is_read_or_none(after: str, date: str, expected_us: int) -> None:
    with pytest.raises(TryLaterError) as later:
        raise_for(answer(429, retry_after=after, date=date))
    assert later.value.after_us == expected_us


def test_a_proxy_that_gave_up_waiting_leaves_the_outcome_unknown() -> None:
    with pytest.raises(UnknownOutcomeError):
        raise_for(answer(504))


def test_a_refusal_carries_the_platforms_code_and_words() -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        raise_for(answer(400), code="131047", reason="Re-engagement message")
    assert (refused.value.code, refused.value.reason) == ("131047", "Re-engagement message")


def test_a_refusal_without_a_code_carries_the_status_and_the_body() -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        raise_for(answer(404, b"no such\n chat"))
    assert (refused.value.code, refused.value.reason) == ("http_404", "no such chat")


def test_a_refused_login_names_the_credentials() -> None:
    with pytest.raises(ReplyRefusedError) as refused:
        raise_for(answer(401))
    assert "credentials" in refused.value.remedy


def test_a_body_that_is_no_object_reads_as_empty() -> None:
    assert json_object(answer(200, b"<html>")) == {}
    assert json_object(answer(200, b"[1]")) == {}
    assert json_object(answer(200, b'{"ok": true}')) == {"ok": True}
