from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from services.gateway.channels.wecom import WecomSettings
from services.gateway.domain.account import Account
from services.gateway.domain.incoming import (
    Identifier,
    IncomingBody,
    IncomingEvent,
    PullDue,
    WrittenMessage,
)
from services.gateway.sources.wecom import WecomSource

SETTINGS = WecomSettings(corp_id="ww1", kf_secret="K", open_kfids=("wkA",), api_base="http://api")
TOKEN = {"errcode": 0, "access_token": "T", "expires_in": 7200}


def page(*ids: str, cursor: str, more: int = 0) -> dict[str, Any]:
    texts = [
        {
            "msgid": one,
            "open_kfid": "wkA",
            "external_userid": "wm1",
            "send_time": 1_772_529_342,
            "origin": 3,
            "msgtype": "text",
            "text": {"content": one},
        }
        for one in ids
    ]
    return {"errcode": 0, "msg_list": texts, "next_cursor": cursor, "has_more": more}


class _OverError(Exception):
    """The script is played to its end."""


@dataclass
class FakeSurroundings:
    """Plays a script: answers by path, then what is due; ends when nothing is left to be due."""

    answers: dict[str, list[Any]]
    dues: list[PullDue | None] = field(default_factory=list)
    cursors: dict[str, str] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    bodies: list[IncomingBody] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def account(self) -> Account:
        return Account("acme", "main", "wecom", SETTINGS)

    def now_us(self) -> int:
        return 0

    async def take(self, events: Sequence[IncomingEvent], raw: bytes = b"") -> None:
        assert json.loads(raw)
        self.taken += [event.event_id for event in events]
        self.bodies += [event.body for event in events]

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
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.append((url, copy(json)))
        [path] = [path for path in self.answers if path in url]
        answer = self.answers[path].pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, document = answer if isinstance(answer, tuple) else (200, answer)
        return status, {}, _bytes(document)

    def stream(self, url: str, *, headers: Mapping[str, str] | None = None) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def next_due(self, seconds: float) -> PullDue | None:
        if not self.dues:
            raise _OverError
        return self.dues.pop(0)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def report(self, trouble: str = "") -> None:
        self.reports.append(trouble)


def _bytes(document: object) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document).encode()


async def play(around: FakeSurroundings, settings: WecomSettings = SETTINGS) -> None:
    with pytest.raises(_OverError):
        async with asyncio.timeout(5):
            await WecomSource().run(around, settings)


def pulls(around: FakeSurroundings) -> list[Any]:
    return [asked for url, asked in around.asked if "sync_msg" in url]


async def test_everything_is_pulled_at_the_start_and_the_cursor_kept() -> None:
    around = FakeSurroundings(
        {
            "gettoken": [TOKEN],
            "sync_msg": [page("a", "b", cursor="c1", more=1), page("c", cursor="c2")],
        }
    )
    await play(around)
    assert around.taken == ["a", "b", "c"]
    assert around.cursors == {"sync_msg:wkA": "c2"}
    plain = {"limit": 1000, "voice_format": 0, "open_kfid": "wkA"}
    assert pulls(around) == [plain, {**plain, "cursor": "c1"}]


async def test_a_push_is_pulled_with_its_permission_and_from_the_cursor() -> None:
    around = FakeSurroundings(
        {"gettoken": [TOKEN], "sync_msg": [page(cursor="c2"), page("d", cursor="c3")]},
        dues=[PullDue("wkA", "permission")],
        cursors={"sync_msg:wkA": "c2"},
    )
    await play(around)
    assert around.taken == ["d"]
    assert (pulls(around)[1]["cursor"], pulls(around)[1]["token"]) == ("c2", "permission")


async def test_without_a_push_all_are_pulled_again() -> None:
    around = FakeSurroundings(
        {"gettoken": [TOKEN], "sync_msg": [page(cursor="c1"), page("late", cursor="c2")]},
        dues=[None],
    )
    await play(around)
    assert around.taken == ["late"]


async def test_without_named_accounts_all_of_the_organisation_are_pulled() -> None:
    listed = {"errcode": 0, "account_list": [{"open_kfid": "wkA"}, {"open_kfid": "wkB"}]}
    around = FakeSurroundings(
        {
            "gettoken": [TOKEN],
            "account/list": [listed],
            "sync_msg": [page("a", cursor="1"), page("b", cursor="1")],
        }
    )
    await play(around, WecomSettings(corp_id="ww1", kf_secret="K", api_base="http://api"))
    assert sorted(around.cursors) == ["sync_msg:wkA", "sync_msg:wkB"]


async def test_customers_are_asked_for_once_where_the_account_wants_it() -> None:
    customer = {"external_userid": "wm1", "nickname": "周丽娜", "unionid": "u-7", "gender": 2}
    around = FakeSurroundings(
        {
            "gettoken": [TOKEN],
            "sync_msg": [page("a", cursor="c1"), page("b", cursor="c2")],
            "customer/batchget": [{"errcode": 0, "customer_list": [customer, 7]}],
        },
        dues=[None],
    )
    await play(around, replace(SETTINGS, customer_names=True))
    named = [("周丽娜", (Identifier("unionid", "u-7"),))] * 2
    messages = [body for body in around.bodies if isinstance(body, WrittenMessage)]
    assert [(body.author_name, body.identifiers) for body in messages] == named


@pytest.mark.parametrize(
    "trouble",
    [
        ConnectionError("no route"),
        (502, b"<html>"),
        (200, b"<html>"),
        {"errcode": 45009, "errmsg": "api freq out of limit"},
        {"errcode": 0, "msg_list": "?"},
    ],
)
async def test_trouble_is_reported_and_tried_again(trouble: object) -> None:
    around = FakeSurroundings(
        {"gettoken": [TOKEN], "sync_msg": [trouble, trouble, page("a", cursor="c1")]}
    )
    await play(around)
    assert around.taken == ["a"]
    assert around.pauses == [1.0, 2.0]
    assert [bool(report) for report in around.reports] == [True, True, False]


async def test_wrong_credentials_are_reported() -> None:
    wrong = {"errcode": 40001, "errmsg": "invalid credential"}
    around = FakeSurroundings({"gettoken": [wrong, TOKEN], "sync_msg": [page(cursor="")]})
    await play(around)
    assert "40001" in around.reports[0]


async def test_a_token_that_is_over_is_fetched_anew_and_an_old_permission_dropped() -> None:
    over, old = {"errcode": 42001}, {"errcode": 95007, "errmsg": "invalid msg token"}
    around = FakeSurroundings(
        {
            "gettoken": [TOKEN, {**TOKEN, "access_token": "T2"}],
            "sync_msg": [over, page(cursor="c1"), old, page("d", cursor="c2")],
        },
        dues=[PullDue("wkA", "old")],
    )
    await play(around)
    assert around.taken == ["d"]
    assert "access_token=T2" in around.asked[-1][0]
    assert ["token" in asked for asked in pulls(around)] == [False, False, True, False]
    assert set(around.reports) == {""}


def test_only_an_account_with_the_services_secret_is_pulled() -> None:
    assert WecomSource().wanted(SETTINGS)
    assert not WecomSource().wanted(WecomSettings(corp_id="ww1", agent_id="1"))
