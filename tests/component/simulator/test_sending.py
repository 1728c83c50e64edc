"""What the simulator sends, taken in by the gateway's own application."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from careline.event.v1.event_pb2 import AuthorKind, ConversationStatus
from services.gateway.domain.keys import PartyKeys
from services.gateway.importing.recorded_events import RecordedEvents
from services.gateway.replay.mapping import load_mapping
from services.gateway.replay.plan import plan_replay
from services.kernel.clock import SystemClock
from services.simulator.domain.actions import Action, AgentReplies, CustomerWrites
from services.simulator.domain.brands import BRANDS, CHANNELS
from services.simulator.recording import write_period
from services.simulator.runs import live_run, period
from services.simulator.sending import (
    AccountsError,
    Sender,
    SendingAccounts,
    SendingError,
    Timetable,
)
from services.simulator.sending.accounts import read_accounts
from services.simulator.sending.sender import Patience

SECOND_US = 1_000_000
AT_ONCE = Timetable(0, 0, math.inf)
IMPATIENT = Patience(first_wait_seconds=0.01, longest_wait_seconds=0.02, give_up_seconds=0.1)


@pytest.fixture
def actions() -> list[Action]:
    now_us = SystemClock().now_us()
    return list(period(7, now_us - 3_600 * SECOND_US, now_us, 0.3, crisis=True))


async def test_the_gateway_accepts_everything_that_happens(
    gateway: Any, accounts: SendingAccounts, actions: list[Action]
) -> None:
    sender = Sender(gateway.address, accounts, SystemClock())

    done = await sender.send(actions, AT_ONCE)

    events = gateway.events()
    assert (done.accepted, done.duplicates, done.retries) == (len(actions), 0, 0)
    assert len(events) == len(actions) > 300
    assert Counter(event.channel for event in events) == Counter(one.channel for one in actions)
    assert Counter(event.brand_id for event in events) == Counter(one.brand for one in actions)
    assert {event.organisation_id for event in events} == {"demo"}
    assert not [event for event in events if event.HasField("unrecognised")]
    kinds = Counter(event.message.author_kind for event in events if event.HasField("message"))
    assert kinds == {
        AuthorKind.AUTHOR_KIND_CUSTOMER: sum(isinstance(one, CustomerWrites) for one in actions),
        AuthorKind.AUTHOR_KIND_AGENT: sum(isinstance(one, AgentReplies) for one in actions),
    }


async def test_what_is_said_of_authors_and_statuses_arrives(
    gateway: Any, accounts: SendingAccounts, actions: list[Action]
) -> None:
    await Sender(gateway.address, accounts, SystemClock()).send(actions, AT_ONCE)

    events = gateway.events()
    told: dict[str, set[str]] = defaultdict(set)
    for event in events:
        for identifier in event.message.identifiers:
            told[event.channel].add(identifier.kind)
    assert told["web_chat"] == {"email", "phone"}
    assert told["telegram"] == {"phone"}
    taken = [event.status_changed for event in events if event.status_changed.priority]
    assert all(one.assignee.startswith("agent-") for one in taken)
    statuses = {event.status_changed.status for event in events if event.HasField("status_changed")}
    assert ConversationStatus.CONVERSATION_STATUS_SOLVED in statuses
    assert {event.message.language_hint for event in events} >= {"en", "zh"}


async def test_every_thread_arrives_in_its_order(
    gateway: Any, accounts: SendingAccounts, actions: list[Action]
) -> None:
    await Sender(gateway.address, accounts, SystemClock()).send(actions, AT_ONCE)

    threads: dict[str, list[int]] = defaultdict(list)
    for event in gateway.events():
        # Telegram tells whole seconds.
        threads[event.thread_key].append(event.occurred_at_us // SECOND_US)
    assert max(map(len, threads.values())) > 5
    assert all(times == sorted(times) for times in threads.values())


async def test_the_same_again_is_a_duplicate(
    gateway: Any, accounts: SendingAccounts, actions: list[Action]
) -> None:
    await Sender(gateway.address, accounts, SystemClock()).send(actions, AT_ONCE)
    again = await Sender(gateway.address, accounts, SystemClock()).send(actions, AT_ONCE)

    assert (again.accepted, again.duplicates) == (0, len(actions))
    assert len(gateway.events()) == len(actions)


async def test_a_paced_run_happens_now(gateway: Any, accounts: SendingAccounts) -> None:
    clock = SystemClock()
    begun_us = clock.now_us()
    run = live_run(7, begun_us, 1.0, rate=150, speed=1_800, crisis=True)

    done = await Sender(gateway.address, accounts, clock).send(run.actions, run.timetable)

    ended_us = clock.now_us()
    times = [event.occurred_at_us for event in gateway.events()]
    assert 60 < done.accepted < 300
    assert ended_us - begun_us > 0.8 * SECOND_US
    assert all(begun_us - SECOND_US <= at_us <= ended_us for at_us in times)


async def test_a_file_gives_the_same_parties_and_texts_as_the_channels(
    gateway: Any, accounts: SendingAccounts, actions: list[Action], tmp_path: Path
) -> None:
    await Sender(gateway.address, accounts, SystemClock()).send(actions, AT_ONCE)
    file = tmp_path / "period.ndjson"
    assert write_period(file, actions) == len(actions)

    with plan_replay(file, load_mapping("simulated")) as plan:
        made = RecordedEvents("t", "r", PartyKeys("a secret of some length"))
        replayed = [made.of_record(record) for record in plan.records()]
        assert plan.counts.rejected == 0

    def said(events: Any) -> Counter[tuple[str, ...]]:
        return Counter(
            (
                event.channel,
                event.brand_id,
                event.party_key,
                event.message.text,
                str(event.status_changed),
                str(event.message.author_kind),
                *sorted(f"{one.kind}:{one.value}" for one in event.message.identifiers),
            )
            for event in events
        )

    assert said(replayed) == said(gateway.events())


# When the gateway does not take it.

Answer = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def test_a_busy_gateway_is_asked_again_with_the_same_event(
    accounts: SendingAccounts, actions: list[Action]
) -> None:
    seen: Counter[bytes] = Counter()

    async def busy_at_first(request: web.Request) -> web.Response:
        body = await request.read()
        seen[body] += 1
        if seen[body] == 1:
            return web.Response(status=503, headers={"Retry-After": "0"})
        return web.json_response({"accepted": 1, "duplicates": 0}, status=202)

    async with answering(busy_at_first) as address:
        done = await Sender(address, accounts, SystemClock(), patience=IMPATIENT).send(
            actions[:40], AT_ONCE
        )

    assert (done.accepted, done.retries) == (40, 40)
    assert set(seen.values()) == {2}


async def test_a_gateway_that_stays_away_ends_it_with_a_remedy(
    accounts: SendingAccounts, actions: list[Action]
) -> None:
    sender = Sender("http://127.0.0.1:1", accounts, SystemClock(), patience=IMPATIENT)

    with pytest.raises(SendingError, match=r"127\.0\.0\.1:1 took nothing for .*careline status"):
        await sender.send(actions[:40], AT_ONCE)

    assert sender.statistics.retries > 0


async def test_a_refusal_is_no_reason_to_try_again(
    accounts: SendingAccounts, actions: list[Action]
) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return web.json_response({"error": "no signature matches"}, status=401)

    async with answering(refuse) as address:
        sender = Sender(address, accounts, SystemClock())
        with pytest.raises(SendingError, match=r"with 401: .*no signature matches.*accounts file"):
            await sender.send(actions[:40], AT_ONCE)

    assert sender.statistics.retries == 0


# Whose accounts.


def test_a_local_stack_has_accounts_for_everything_that_is_sent(accounts: SendingAccounts) -> None:
    for brand in BRANDS:
        assert accounts.for_desk(brand.brand_id).brand == ""
        for channel in CHANNELS:
            assert accounts.for_customer(channel, brand.brand_id).brand == brand.brand_id


def test_missing_accounts_are_named(tmp_path: Path, accounts: SendingAccounts) -> None:
    path = tmp_path / "other.yaml"
    path.write_text("accounts: [{organisation: acme, account: a, channel: webhook, secret: env:X}]")

    with pytest.raises(AccountsError, match=r"no account of the organisation 'demo'.*acme"):
        read_accounts(path, "demo", {})
    with pytest.raises(AccountsError, match="the account a: the environment variable X is not set"):
        read_accounts(path, "acme", {})
    with pytest.raises(AccountsError, match=r"none\.yaml: cannot be read .*CARELINE_ACCOUNTS"):
        read_accounts(tmp_path / "none.yaml", "acme", {})
    with pytest.raises(AccountsError, match=r"no telegram account of the brand 'x' or of none"):
        accounts.for_customer("telegram", "x")


def test_of_two_secrets_the_newer_one_signs(tmp_path: Path) -> None:
    path = tmp_path / "rotated.yaml"
    path.write_text(
        "accounts: [{organisation: o, account: a, channel: webhook, secret: [old, new]}]"
    )

    assert read_accounts(path, "o", {}).for_desk("").secret == "new"
