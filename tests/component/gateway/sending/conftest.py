"""The sender lane in one process: the real stage and dispatcher, a log and platforms in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from careline.channel.v1.replies_pb2 import ReplyRequested, ReplyState
from careline.event.v1.event_pb2 import Event
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.delivery import OpenReply
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.ports import AppendFailedError
from services.gateway.senders.sender import Platform
from services.gateway.sending.calling import Caller, SendingPolicy
from services.gateway.sending.dispatcher import Dispatcher
from services.gateway.sending.journal import Journal
from services.gateway.sending.lane import build_send_lane, send_spec
from services.gateway.sending.planning import Planner
from services.gateway.sending.stage import HEAD_TOPIC, OPEN, SendReplies
from services.kernel.clock import SystemClock
from services.kernel.lane.records import Output
from services.kernel.partitioning import partition_of
from services.kernel.testing.harness import Instant, LaneHarness, events_of

PARTITIONS = 4


@dataclass(frozen=True)
class PostSettings:
    secrets: tuple[str, ...] = field(default=("a-secret-of-some-length",), repr=False)


@dataclass
class PostSender:
    """A channel of the tests: a part for each line; what it answers is scripted by text.

    ``script``: by text, what the platform does the first, second, … time; then it takes it. For an
    event it takes it and answers late; an error that says "taken" it raises although it took it.
    """

    kind: str = "post"
    idempotent: bool = False
    script: dict[str, list[BaseException | asyncio.Event]] = field(default_factory=dict)
    # Key, thread and text of every call, and of what was taken.
    calls: list[tuple[str, str]] = field(default_factory=list)
    taken: list[tuple[str, str]] = field(default_factory=list)

    def plan(self, reply: Reply, settings: Any, now_us: int) -> Sequence[Part]:
        if reply.text == "too late":
            raise ReplyRefusedError("window_closed", "24 hours have passed", "send a template")
        return [
            Part(f"{reply.reply_id}/{number}", line, {"to": reply.thread_id})
            for number, line in enumerate(
                [*reply.text.splitlines(), *(one.content.decode() for one in reply.attachments)]
            )
        ]

    async def send(self, part: Part, settings: Any, platform: Platform) -> str:
        self.calls.append((part.key, part.text))
        script = self.script.get(part.text)
        if script:
            step = script.pop(0)
            if isinstance(step, asyncio.Event):
                self._take(part)
                await step.wait()
                return f"m-{part.key}"
            if step.args == ("taken",):
                self._take(part)
            raise step
        self._take(part)
        return f"m-{part.key}"

    def _take(self, part: Part) -> None:
        if not (self.idempotent and (part.key, part.text) in self.taken):
            self.taken.append((part.key, part.text))


class LaneLog:
    """The topic: what is appended is taken by the lane and made durable at once.

    ``paused``: it is appended, but the lane has not got it yet.
    """

    def __init__(self, lane: LaneHarness) -> None:
        self.lane = lane
        self.follower: Dispatcher | None = None
        self.paused = False
        self.kept: list[tuple[int, Event]] = []
        self.failing = 0
        self.connects = 0

    async def connect(self) -> None:
        self.connects += 1

    async def append(self, records: Sequence[Output]) -> None:
        if self.failing:
            self.failing -= 1
            raise AppendFailedError("the broker is away")
        for record in records:
            for event in events_of(record):
                self.add(record.partition, event)

    def add(self, partition: int, event: Event) -> None:
        if self.paused:
            self.kept.append((partition, event))
            return
        self.lane.feed(event, partition=partition)
        self.flush()

    def resume(self) -> None:
        self.paused, kept = False, self.kept
        self.kept = []
        for partition, event in kept:
            self.add(partition, event)

    def flush(self, dying: Instant | None = None) -> None:
        before = len(self.lane.follow_ups)
        self.lane.flush(dying=dying)
        if self.follower is not None:
            self.follower.committed(self.lane.follow_ups[before:])

    async def stop(self) -> None: ...


class Blobs:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, content: bytes) -> str:
        reference = f"blob:{len(self.kept)}"
        self.kept[reference] = content
        return reference

    async def get(self, reference: str) -> bytes:
        return self.kept[reference]

    async def erase(self, reference: str) -> None:
        self.kept.pop(reference, None)


class Office:
    """The whole way out of an organisation with the channel "post"."""

    def __init__(self, **policy: Any) -> None:
        self.sender = PostSender()
        self.lane = LaneHarness(send_spec(), SendReplies, range(PARTITIONS))
        self.log = LaneLog(self.lane)
        self.blobs = Blobs()
        self.crashes: list[BaseException] = []
        self.asked = 0
        wanted = {"first_pause_us": 1_000, "longest_pause_us": 5_000, "call_seconds": 5.0}
        self.policy = SendingPolicy(**(wanted | policy))
        self.dispatcher = self._start()

    def _start(self) -> Dispatcher:
        names = ("shop", "press")
        accounts = Accounts(Account("acme", name, "post", PostSettings()) for name in names)
        clock = SystemClock()
        planner = Planner(accounts, [self.sender])

        def open_platform(_: Account) -> Any:
            return None

        dispatcher = Dispatcher(
            caller=Caller(planner, open_platform, clock, self.policy, self.blobs),
            journal=Journal(self.log),
            clock=clock,
            policy=self.policy,
            restored=self._restored,
            crash=self.crashes.append,
        )
        self.log.follower = dispatcher
        dispatcher.assigned(range(PARTITIONS))
        return dispatcher

    def _restored(self) -> list[tuple[str, OpenReply]]:
        """Read what was durable; the harness applies what was not acknowledged at once."""
        core = build_send_lane()
        core.assign({p: list(rows.items()) for p, rows in self.lane.changelog.items()})
        return [entry for table in core.tables(OPEN) for entry in table.items()]

    async def crash(self, dying: Instant | None = None) -> None:
        """Let the process die and start again: calls end where they are, memory is lost."""
        self.log.follower = None
        await self.dispatcher.stop()
        if dying is None:
            self.lane.start()
        else:
            self.log.flush(dying)
        self.dispatcher = self._start()

    async def close(self) -> None:
        await self.dispatcher.stop()
        assert self.crashes == []

    def ask(
        self,
        text: str,
        *,
        thread: str = "1",
        account: str = "shop",
        reply_id: str = "",
        channel: str = "post",
        **more: Any,
    ) -> str:
        """Request a reply; return its id."""
        self.asked += 1
        reply_id = reply_id or f"r{self.asked}"
        now_us = SystemClock().now_us()
        event = Event(
            event_id=f"webhook:desk:{reply_id}",
            organisation_id="acme",
            channel=channel,
            account_id=account,
            timeline="live",
            occurred_at_us=now_us,
            accepted_at_us=more.pop("accepted_at_us", now_us),
            thread_key=f"acme/{channel}/{thread}",
            reply_requested=ReplyRequested(reply_id=reply_id, text=text, **more),
        )
        address = f"acme/{channel}/{account}"
        self.log.add(partition_of(address, PARTITIONS), event)
        return reply_id

    def told(self, reply_id: str) -> list[str]:
        """Return what the head heard of a reply, each event once: "sent", "delayed", …."""
        return [
            ReplyState.Name(event.reply_progressed.state).removeprefix("REPLY_STATE_").lower()
            for event in self.head(reply_id)
        ]

    def head(self, reply_id: str) -> list[Event]:
        heard: Mapping[str, Event] = {
            event.event_id: event
            for event in self.lane.events(HEAD_TOPIC)
            if event.reply_progressed.reply_id == reply_id
        }
        return list(heard.values())

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():  # noqa: ASYNC110  # what it waits for is not an event of ours
                await asyncio.sleep(0.001)

    async def until_told(self, reply_id: str, *states: str) -> None:
        await self.until(lambda: self.told(reply_id)[-len(states) :] == list(states))


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    yield office
    await office.close()


@pytest.fixture
def make_office() -> Callable[..., Office]:
    return Office
