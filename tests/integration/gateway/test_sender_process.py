"""The sender on a real Kafka, killed between a call and its answer; platforms are on loopback."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer, TopicPartition

from careline.channel.v1.replies_pb2 import ReplyRequested, ReplyState
from careline.event.v1.event_pb2 import Event, EventBatch
from deploy.local.ports import free_port, free_ports
from deploy.local.process import Backoff
from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack
from services.gateway.adapters.kafka_log import KafkaLog
from services.gateway.sending.journal import Journal
from services.kernel.clock import SystemClock

HEAD = "intake.event-accepted.v1"
SENDER = "gateway-sender"
ACCOUNTS = """
accounts:
  - {{organisation: acme, account: friends, channel: line, secret: line-secret-0123456789,
      settings: {{access_token: line-token, api_base: "{base}"}}}}
  - {{organisation: acme, account: slow, channel: telegram, secret: slow-secret,
      settings: {{bot_token: "1:slow", api_base: "{base}"}}}}
  - {{organisation: acme, account: quick, channel: telegram, secret: quick-secret,
      settings: {{bot_token: "2:quick", api_base: "{base}"}}}}
"""


Eventually = Callable[[Any], Any]


@dataclass
class Platforms:
    """LINE, which drops what comes again with its key, and Telegram, which does not."""

    # A text or a bot's token whose calls are held, until it is set.
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    # What arrived: the retry key or the bot's path, and the text.
    calls: list[tuple[str, str]] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v2/bot/message/push", self._line),
            web.post("/bot{token}/sendMessage", self._telegram),
        ]

    async def _line(self, request: web.Request) -> web.Response:
        message = await request.json()
        key, text = request.headers["x-line-retry-key"], message["messages"][0]["text"]
        self.calls.append((key, text))
        if key in self.taken:
            answer = {"message": "taken before", "sentMessages": [{"id": self.taken[key]}]}
            return web.json_response(
                answer, status=409, headers={"x-line-accepted-request-id": key}
            )
        self.taken[key] = str(len(self.taken) + 1)
        await self._hold(text)
        return web.json_response({"sentMessages": [{"id": self.taken[key]}]})

    async def _telegram(self, request: web.Request) -> web.Response:
        token, text = request.match_info["token"], (await request.json())["text"]
        self.calls.append((token, text))
        await self._hold(text)
        await self._hold(token)
        result = {"ok": True, "result": {"message_id": len(self.calls)}}
        return web.json_response(result)

    async def _hold(self, name: str) -> None:
        gate = self.held.get(name)
        if gate is not None:
            await gate.wait()

    def count(self, text: str) -> int:
        return sum(said == text for _, said in self.calls)


@pytest.fixture(scope="module")
def platform_port() -> int:
    return free_port(set())


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, platform_port: int) -> Iterator[LocalStack]:
    folder = tmp_path_factory.mktemp("sender")
    accounts = folder / "accounts.yaml"
    base = f"http://127.0.0.1:{platform_port}"
    accounts.write_text(ACCOUNTS.format(base=base), encoding="utf-8")
    services = [spec for spec in SERVICES if spec.name == SENDER]
    with LocalStack(
        folder / "run",
        ports=free_ports(services),
        services=services,
        with_elasticsearch=False,
        env={"CARELINE_ACCOUNTS": str(accounts)},
        backoff=Backoff(first_seconds=0.2, ceiling_seconds=1.0),
    ) as stack:
        yield stack


@pytest.fixture
async def platforms(platform_port: int) -> AsyncIterator[Platforms]:
    platforms = Platforms()
    app = web.Application()
    app.router.add_routes(platforms.routes())
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", platform_port, reuse_address=True).start()
    yield platforms
    await runner.cleanup()


class Conversation:
    """What the conversation's lane writes and the head hears."""

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka
        self._log = KafkaLog(kafka)
        self._journal = Journal(self._log)
        # Other tests' replies are in the same log.
        self._run = uuid.uuid4().hex[:8]

    async def start(self) -> None:
        await self._log.connect()

    async def stop(self) -> None:
        await self._log.stop()

    async def ask(self, channel: str, account: str, thread: str, text: str) -> str:
        reply_id = f"{self._run}-{text}"
        now_us = SystemClock().now_us()
        request = Event(
            event_id=f"webhook:desk:{reply_id}",
            organisation_id="acme",
            channel=channel,
            account_id=account,
            timeline="live",
            occurred_at_us=now_us,
            accepted_at_us=now_us,
            thread_key=f"acme/{channel}/{thread}",
            reply_requested=ReplyRequested(reply_id=reply_id, text=text),
        )
        await self._journal.write(request)
        return reply_id

    async def heard(self) -> dict[str, list[str]]:
        """Return what the head heard of each reply of this test, each event once."""
        found: dict[str, dict[str, str]] = {}
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(HEAD, number) for number in range(4)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        for event in EventBatch.FromString(record.value).events:
                            told = event.reply_progressed
                            state = ReplyState.Name(told.state).removeprefix("REPLY_STATE_")
                            found.setdefault(told.reply_id, {})[event.event_id] = state.lower()
        finally:
            await consumer.stop()
        return {
            reply_id: list(told.values())
            for reply_id, told in found.items()
            if reply_id.startswith(self._run)
        }


@pytest.fixture
async def conversation(stack: LocalStack) -> AsyncIterator[Conversation]:
    conversation = Conversation(stack.env["CARELINE_KAFKA"])
    await conversation.start()
    yield conversation
    await conversation.stop()


async def test_a_kill_between_call_and_answer_repeats_what_is_safe_and_shows_the_rest(
    stack: LocalStack, platforms: Platforms, conversation: Conversation, eventually: Eventually
) -> None:
    gate = asyncio.Event()
    platforms.held = {"safe": gate, "unsafe": gate}
    safe = await conversation.ask("line", "friends", "U1", "safe")
    unsafe = await conversation.ask("telegram", "quick", "41", "unsafe")
    after = await conversation.ask("telegram", "quick", "41", "after")

    async def both_called() -> bool:
        return platforms.count("safe") == platforms.count("unsafe") == 1

    await eventually(both_called)
    stack[SENDER].kill()
    gate.set()

    async def all_ended() -> bool:
        heard = await conversation.heard()
        return all(heard.get(one, [""])[-1] in ("sent", "unknown") for one in (safe, unsafe, after))

    await eventually(all_ended)
    heard = await conversation.heard()
    assert heard[safe] == ["attempted", "attempted", "sent"]
    assert heard[unsafe] == ["attempted", "unknown"]
    assert heard[after] == ["attempted", "sent"]
    assert len(platforms.taken) == 1
    assert len({key for key, text in platforms.calls if text == "safe"}) == 1
    assert platforms.count("unsafe") == 1


async def test_a_slow_account_does_not_hold_up_another(
    platforms: Platforms, conversation: Conversation, eventually: Eventually
) -> None:
    gate = asyncio.Event()
    platforms.held = {"1:slow": gate}
    slow = [
        await conversation.ask("telegram", "slow", str(number), f"slow {number}")
        for number in range(12)
    ]
    quick = await conversation.ask("telegram", "quick", "42", "quick")

    async def quick_is_out() -> bool:
        return (await conversation.heard()).get(quick, [""])[-1] == "sent"

    await eventually(quick_is_out)
    heard = await conversation.heard()
    assert not any("sent" in heard.get(one, []) for one in slow)
    gate.set()

    async def slow_are_out() -> bool:
        heard = await conversation.heard()
        return all("sent" in heard.get(one, []) for one in slow)

    await eventually(slow_are_out)
    assert max(Counter(platforms.calls).values()) == 1


async def test_a_sender_that_is_told_to_stop_hears_the_answer_first(
    stack: LocalStack, platforms: Platforms, conversation: Conversation, eventually: Eventually
) -> None:
    gate = asyncio.Event()
    platforms.held = {"last words": gate}
    reply_id = await conversation.ask("telegram", "quick", "43", "last words")

    async def called() -> bool:
        return platforms.count("last words") == 1

    await eventually(called)
    stack[SENDER].ask_to_stop()
    waiting = await conversation.ask("telegram", "quick", "44", "for the next one")
    gate.set()
    assert await asyncio.to_thread(stack[SENDER].stop)
    assert platforms.count("for the next one") == 0
    stack[SENDER].start()

    async def both_out() -> bool:
        heard = await conversation.heard()
        return all(heard.get(one, [""])[-1] == "sent" for one in (reply_id, waiting))

    await eventually(both_out)
    assert (await conversation.heard())[reply_id] == ["attempted", "sent"]
    assert platforms.count("last words") == 1


async def test_however_often_it_is_killed_nothing_is_sent_twice_or_forgotten(
    stack: LocalStack, platforms: Platforms, conversation: Conversation, eventually: Eventually
) -> None:
    asked = []
    for number in range(30):
        where = ("line", "friends", f"U{number % 5}")
        if number % 2:
            where = ("telegram", "quick", str(50 + number % 5))
        asked.append(await conversation.ask(*where, f"reply {number}"))
        if number in (8, 20):

            async def some_more(wanted: int = number - 2) -> bool:
                return len({text for _, text in platforms.calls}) >= wanted

            await eventually(some_more)
            stack[SENDER].kill()

    async def all_ended() -> bool:
        heard = await conversation.heard()
        return all(heard.get(one, [""])[-1] in ("sent", "unknown") for one in asked)

    await eventually(all_ended)
    line = {text for number, text in enumerate(f"reply {n}" for n in range(30)) if not number % 2}
    assert len(platforms.taken) == len(line) == 15
    telegram = Counter(text for key, text in platforms.calls if key == "2:quick")
    assert max(telegram.values()) == 1
    heard = await conversation.heard()
    for reply_id in asked:
        text = reply_id.split("-", 1)[1]
        if text in line:
            assert heard[reply_id][-1] == "sent"
        elif text not in telegram:
            assert heard[reply_id][-1] == "unknown"


async def calls_of(stack: LocalStack, worker: str) -> int:
    """Return how many calls are under way; none while the worker is being started again."""
    port = stack.service_ports(worker).metrics
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/healthz") as answer,
        ):
            return int((await answer.json()).get("calls", 0))
    except aiohttp.ClientError:
        return 0


@pytest.fixture(scope="module")
def workers(stack: LocalStack) -> list[str]:
    """Two of them share the accounts."""
    return [SENDER, stack.start_worker(SENDER)]


@pytest.mark.parametrize(
    "where", [("telegram", "quick", "45"), ("line", "friends", "U9")], ids=lambda where: where[0]
)
async def test_a_worker_that_was_thought_dead_does_not_send_twice(  # noqa: PLR0917  # fixtures
    stack: LocalStack,
    platforms: Platforms,
    conversation: Conversation,
    eventually: Eventually,
    workers: list[str],
    where: tuple[str, str, str],
) -> None:
    gate = asyncio.Event()
    channel = where[0]
    text = f"frozen {channel}"
    platforms.held = {text: gate}
    reply_id = await conversation.ask(*where, text)

    async def called() -> bool:
        return platforms.count(text) == 1

    await eventually(called)
    [owner] = [one for one in workers if await calls_of(stack, one)]
    stack[owner].freeze()

    async def taken_over() -> bool:
        told = (await conversation.heard()).get(reply_id, [])
        return "unknown" in told if channel == "telegram" else platforms.count(text) == 2

    try:
        await eventually(taken_over)
    finally:
        stack[owner].thaw()
        gate.set()
    await asyncio.to_thread(stack[owner].wait_restarted, seconds=60)
    after = await conversation.ask(*where, f"after {text}")

    async def both_ended() -> bool:
        heard = await conversation.heard()
        return heard.get(after, [""])[-1] == "sent" and heard[reply_id][-1] in ("sent", "unknown")

    await eventually(both_ended)
    keys = [key for key, said in platforms.calls if said == text]
    assert len(set(keys)) == 1
    if channel == "telegram":
        assert len(keys) == 1
    else:
        assert (await conversation.heard())[reply_id][-1] == "sent"
