"""Sla's use case: run every conversation's clocks on what is recorded of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from careline.event.v1.event_pb2 import Event
from services.kernel.lane.stage import InvalidEventError, Stage, Turn
from services.kernel.lane.state import Table
from services.kernel.lane.timers import TIMERS, Timer
from services.sla.domain.clocks import (
    ConversationClocks,
    NeverAppliedError,
    apply_all,
    check_applied,
    pass_time,
    standing_of,
)
from services.sla.domain.events import ClockEvent
from services.sla.domain.facts import Fact, instant_of
from services.sla.domain.policies import PolicyBook
from services.sla.domain.rules import NEVER
from services.sla.facts import facts_of, opens
from services.sla.owned import OwnedPartition
from services.sla.parts import attach, corrections, timer_event
from services.sla.tables import CONVERSATIONS, POLICIES, ClockedConversation

# A closed conversation's clocks are forgotten when its timeline has moved on by so much. A fact
# that comes later still is forwarded like any other, and changes no clock.
FORGET_AFTER_US: Final = 7 * 24 * 3600 * 1_000_000

# Its time always goes on; a replay's ends.
LIVE: Final = "live"


class RunClocks(Stage):
    """Adds the clocks' part to what moves clocks; everything else goes on untouched.

    A conversation has one timer of the lane, by its id, at or before its next alarm. It is moved
    only to be earlier: where the alarm was put off, it fires without effect and is set anew. That
    is a fraction of the writes of a timer for each alarm.
    """

    def __init__(self, in_force: PolicyBook) -> None:
        self._in_force = in_force
        self._owned: dict[int, OwnedPartition] = {}

    def on_event(self, event: Event, turn: Turn) -> None:
        if event.HasField("conversation") and event.conversation.facts:
            self._apply(event, turn)
        turn.emit(event)

    def on_timer(self, timer: Timer, turn: Turn) -> None:
        owned = self._of(turn)
        owned.wakes.drop(timer)
        conversation_id = timer.timer_id
        known = owned.conversations.get(conversation_id)
        if known is None:
            raise RuntimeError(f"{timer} fired, but the state does not hold its conversation")
        clocks = known.clocks
        standing_of(clocks, owned.book)
        if clocks.next_alarm_us <= timer.due_at_us:
            told_in = known.place(known.brand_id, timer.timeline)
            for one in pass_time(clocks, timer.due_at_us, owned.book, told_in=told_in):
                turn.emit(timer_event(conversation_id, known, timer.timeline, one))
            owned.conversations.put(conversation_id, known)
        if _forget_at_us(clocks) <= timer.due_at_us:
            owned.conversations.delete(conversation_id)
        else:
            _wake_in_time(conversation_id, known, owned, turn)

    def on_revoke(self) -> None:
        self._owned = {}

    def owned(
        self,
        partition: int,
        conversations: Table[ClockedConversation],
        timers: Table[Timer],
        policies: Table[str],
    ) -> OwnedPartition:
        """Return an owned partition; the tables are its parts of the lane's state."""
        owned = self._owned.get(partition)
        if owned is None:
            owned = OwnedPartition.of(conversations, timers, policies, self._in_force)
            self._owned[partition] = owned
        return owned

    def _of(self, turn: Turn) -> OwnedPartition:
        return self._owned.get(turn.partition) or self.owned(
            turn.partition, turn.table(CONVERSATIONS), turn.table(TIMERS), turn.table(POLICIES)
        )

    def _apply(self, event: Event, turn: Turn) -> None:
        part = event.conversation
        added, taken_back = facts_of(part)
        if not added and not taken_back:
            return
        owned = self._of(turn)
        conversation_id = part.conversation_id
        known = owned.conversations.get(conversation_id)
        if known is None:
            if taken_back or not opens(part, added):
                return
            owned.keep_policies()
            known = _opened(event)
        clocks = known.clocks
        if taken_back:
            _check(conversation_id, clocks, taken_back)
        brand_id = part.brand_id
        if not known.brand_id:
            known.brand_id = brand_id
        timeline = event.timeline
        moves = known.timeline not in {timeline, LIVE} and bool(added)
        if moves:
            known.timeline = timeline
        told_in = known.place(brand_id, timeline)
        events = apply_all(clocks, added, owned.book, taken_back=taken_back, told_in=told_in)
        if events:
            _tell(event, known, events, told_in, turn)
        if events or moves or standing_of(clocks, owned.book).status == "closed":
            _wake_in_time(conversation_id, known, owned, turn)
        owned.conversations.put(conversation_id, known)


def _opened(event: Event) -> ClockedConversation:
    part = event.conversation
    return ClockedConversation(
        organisation_id=event.organisation_id,
        thread_key=event.thread_key,
        channel=part.channel,
        account_id=event.account_id,
        brand_id=part.brand_id,
        ordinal=part.ordinal,
        timeline=event.timeline,
    )


def _check(conversation_id: str, clocks: ConversationClocks, taken_back: Sequence[Fact]) -> None:
    try:
        check_applied(clocks, taken_back)
    except NeverAppliedError as error:
        raise InvalidEventError(f"conversation {conversation_id}: {error}") from error


def _tell(
    event: Event,
    known: ClockedConversation,
    events: Sequence[ClockEvent],
    told_in: int,
    turn: Turn,
) -> None:
    """Attach what counts for the event's brand and timeline; correct the rest where it was told."""
    part = event.conversation
    here = [one for one in events if one.told_in == told_in]
    if len(here) < len(events):
        elsewhere = [one for one in events if one.told_in != told_in]
        for correction in corrections(event, part.conversation_id, known, elsewhere):
            turn.emit(correction)
    if here:
        attach(event, part.conversation_id, part.brand_id, known.channel, here)


def _wake_in_time(
    conversation_id: str, known: ClockedConversation, owned: OwnedPartition, turn: Turn
) -> None:
    """Let it wake up when its next alarm is to sound, or when it is to be forgotten."""
    due_at_us = min(known.clocks.next_alarm_us, _forget_at_us(known.clocks))
    if due_at_us == NEVER:
        return
    timer = owned.timers.get(conversation_id)
    if timer is not None:
        if timer.due_at_us <= due_at_us and timer.timeline == known.timeline:
            return
        owned.wakes.drop(timer)
    timer = Timer(conversation_id, known.timeline, due_at_us)
    owned.wakes.add(timer)
    turn.timers.set(timer)


def _forget_at_us(clocks: ConversationClocks) -> int:
    standing = clocks.standing
    if standing is None or standing.status != "closed":
        return NEVER
    return instant_of(clocks.rows[-1]) + FORGET_AFTER_US
