"""Lets replies go out when the lane has written that down: a line for each account.

It follows the lane: a reply that waits is put into its account's line; when its turn comes, its
attempt is written into the log; when the lane says that this is durable, the platform is called;
and what became of it is written into the log again. So a crash at any instant leaves an attempt
that the log knows of, and that is either safe to repeat or shown as unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from careline.channel.v1.replies_pb2 import ReplyState
from careline.event.v1.event_pb2 import Event
from services.gateway.domain.delivery import OpenReply
from services.gateway.domain.reply_lines import ReplyLine
from services.gateway.sending.calling import Caller, Outcome, SendingPolicy, unknown
from services.gateway.sending.follow_ups import Ended, Waiting, Written
from services.gateway.sending.journal import Journal
from services.gateway.sending.progress import account_of
from services.kernel.clock import Clock
from services.kernel.telemetry import metrics

log = structlog.get_logger(__name__)

# The clock may be set back or forth: nobody sleeps longer without looking at it.
_LONGEST_SLEEP_SECONDS = 30.0
# A worker that gives its partitions away waits so much longer than a call may take.
_FAREWELL_SECONDS = 2.0

# What a reply is counted as.
OUTCOMES = {
    ReplyState.REPLY_STATE_SENT: "sent",
    ReplyState.REPLY_STATE_REFUSED: "refused",
    ReplyState.REPLY_STATE_UNKNOWN: "unknown",
    ReplyState.REPLY_STATE_DELAYED: "delayed",
}

Restored = Callable[[], Iterable[tuple[str, OpenReply]]]
Crash = Callable[[BaseException], None]


@dataclass(frozen=True, slots=True)
class _Call:
    part: int
    attempt: int
    task: asyncio.Task[None]

    def is_of(self, reply: OpenReply) -> bool:
        """Tell whether what is known of the reply is that this call is under way."""
        return reply.under_way and (reply.part, reply.attempt) == (self.part, self.attempt)


@dataclass(slots=True)
class _Desk:
    """An account's line, and how the platform takes what it is sent."""

    line: ReplyLine = field(default_factory=ReplyLine)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    not_before_us: int = 0
    failures: int = 0


class Dispatcher:
    """Satisfies :class:`services.kernel.lane.stage.Follower`."""

    def __init__(
        self,
        *,
        caller: Caller,
        journal: Journal,
        clock: Clock,
        policy: SendingPolicy,
        restored: Restored,
        crash: Crash,
    ) -> None:
        self._caller = caller
        self._journal = journal
        self._clock = clock
        self._policy = policy
        self._restored = restored
        self._crash = crash
        self._desks: dict[str, _Desk] = {}
        self._serving: set[asyncio.Task[None]] = set()
        # What is with a platform, or on its way from there into the log.
        self._calls: dict[str, _Call] = {}

    # -- the lane's follower -----------------------------------------------------------------------

    def assigned(self, partitions: Sequence[int]) -> None:
        self._forget()
        stranded = 0
        for key, reply in self._restored():
            desk = self._desk_of(key)
            call = self._calls.get(key)
            if call is not None and call.is_of(reply):
                desk.line.hold(key, reply)
            elif reply.under_way:
                stranded += 1
                self._reconcile(key, reply, desk)
            else:
                desk.line.put(key, reply)
        if stranded:
            log.warning("attempts without a known outcome", partitions=partitions, count=stranded)

    def committed(self, follow_ups: Sequence[object]) -> None:
        for told in follow_ups:
            if isinstance(told, Waiting):
                self._desk_of(told.key).line.put(told.key, told.reply)
            elif isinstance(told, Written):
                self._desk_of(told.key).line.hold(told.key, told.reply)
                self._start_call(told.key, told.reply)
            elif isinstance(told, Ended):
                self._desk_of(told.key).line.drop(told.key)
            else:
                raise TypeError(f"the lane told {told!r}")
        for desk in self._desks.values():
            desk.changed.set()

    async def revoked(self) -> None:
        """Begin nothing more, and let what is with the platforms come back."""
        self._forget()
        if self._calls:
            limit = self._policy.call_seconds + _FAREWELL_SECONDS
            await asyncio.wait([call.task for call in self._calls.values()], timeout=limit)

    # -- an account's line -------------------------------------------------------------------------

    def _desk_of(self, key: str) -> _Desk:
        """Return the desk of a reply's account, and let it be served."""
        address = account_of(key)
        desk = self._desks.get(address)
        if desk is None:
            desk = self._desks[address] = _Desk()
            self._watch(self._serving, self._serve(desk))
        return desk

    async def _serve(self, desk: _Desk) -> None:
        while True:
            desk.changed.clear()
            now_us = self._clock.now_us()
            has_room = desk.line.under_way < self._policy.calls_per_account
            if has_room and now_us >= desk.not_before_us:
                taken = desk.line.take(now_us)
                if taken is not None:
                    _, reply = taken
                    request = Event.FromString(reply.request)
                    told = await self._caller.announce(request, reply)
                    self._observe(told)
                    await self._journal.write(told)
                    continue
            due_at_us = desk.line.due_at_us() if has_room else None
            seconds = _LONGEST_SLEEP_SECONDS
            if due_at_us is not None:
                due_in_us = max(due_at_us, desk.not_before_us) - now_us
                seconds = min(seconds, max(due_in_us, 0) / 1_000_000)
            await _wait(desk.changed, seconds)

    def _reconcile(self, key: str, reply: OpenReply, desk: _Desk) -> None:
        """Decide about an attempt of before a crash: nobody heard what became of it."""
        request = Event.FromString(reply.request)
        if self._caller.is_safe_to_repeat(request):
            desk.line.put(key, reply)
            return
        desk.line.hold(key, reply)
        reason = "the sender stopped before it heard the platform's answer"
        told = unknown(request, reply, self._clock.now_us(), reason)
        self._observe(told)
        self._watch(self._serving, self._journal.write(told))

    # -- calls -------------------------------------------------------------------------------------

    def _start_call(self, key: str, reply: OpenReply) -> None:
        task = asyncio.create_task(self._call(key, reply))
        self._calls[key] = _Call(reply.part, reply.attempt, task)
        task.add_done_callback(self._crash_on_error)

    async def _call(self, key: str, reply: OpenReply) -> None:
        desk = self._desk_of(key)
        try:
            started_us = self._clock.now_us()
            result = await self._caller.call(Event.FromString(reply.request), reply)
            self._observe(result.event)
            self._pause(desk, result, started_us)
            await self._journal.write(result.event)
        finally:
            call = self._calls.get(key)
            if call is not None and call.task is asyncio.current_task():
                del self._calls[key]

    def _pause(self, desk: _Desk, result: Outcome, started_us: int) -> None:
        """Let the account pause, longer each time; calls that ran side by side count once."""
        if not result.trouble:
            desk.failures = 0
            return
        if started_us >= desk.not_before_us:
            desk.failures += 1
        pause_us = self._policy.pause_us(desk.failures, result.asked_us)
        desk.not_before_us = max(desk.not_before_us, self._clock.now_us() + pause_us)

    def _observe(self, event: Event) -> None:
        outcome = OUTCOMES.get(event.reply_progressed.state)
        if outcome is not None:
            metrics.GATEWAY_REPLIES.labels(channel=event.channel, outcome=outcome).inc()

    # -- life --------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """End what is left; the log knows what was attempted."""
        self._forget()
        calls = [call.task for call in self._calls.values()]
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    def report(self) -> Mapping[str, object]:
        now_us = self._clock.now_us()
        return {
            "replies_waiting": sum(len(desk.line) for desk in self._desks.values()),
            "calls": len(self._calls),
            "accounts_paused": sorted(
                address for address, desk in self._desks.items() if desk.not_before_us > now_us
            ),
        }

    def _forget(self) -> None:
        for task in self._serving:
            task.cancel()
        self._desks = {}

    def _watch(self, tasks: set[asyncio.Task[None]], work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._crash_on_error)

    def _crash_on_error(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crash(error)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
