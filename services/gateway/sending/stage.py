"""The sender lane's decisions: which replies are to go out, and what the head hears of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from careline.channel.v1.replies_pb2 import ReplyProgressed, ReplyState
from careline.event.v1.event_pb2 import Event
from services.gateway.domain import delivery
from services.gateway.domain.delivery import EndedReply, OpenReply
from services.gateway.domain.ticking import LIVE
from services.gateway.sending.follow_ups import Ended, Waiting, Written
from services.gateway.sending.progress import UNKNOWN_OUTCOME, reply_key, taken_by_another
from services.kernel.lane.stage import InvalidEventError, Stage, Turn
from services.kernel.lane.state import table_of
from services.kernel.lane.timers import Timer
from services.kernel.partitioning import partition_of
from services.kernel.topics import topic

HEAD_TOPIC: Final = "intake.event-accepted.v1"

# By reply key, see sending/progress.py.
OPEN = table_of("open", OpenReply)
ENDED = table_of("ended", EndedReply)
# How many replies this partition was asked for.
ASKED = table_of("asked", int)

# For so long a request with the id of a reply that has ended is known to be the same.
REMEMBERED_US: Final = 30 * 24 * 3600 * 1_000_000

_COUNT = "replies"
_Known = OpenReply | EndedReply


class SendReplies(Stage):
    """Takes requests from conversation's lane, and the dispatcher's reports; answers to the head.

    What to say and how is not decided here but by the dispatcher, for it depends on the accounts'
    settings and on the time; its words are in the log, and the state follows from them alone.
    """

    def __init__(self) -> None:
        self._head_partitions = topic(HEAD_TOPIC).partitions

    def on_event(self, event: Event, turn: Turn) -> None:
        body = event.WhichOneof("body")
        if body not in ("reply_requested", "reply_progressed"):
            raise InvalidEventError(
                f"{event.event_id!r} is {body or 'empty'}: replies and their progress alone are "
                "written here"
            )
        _check(event)
        if body == "reply_requested":
            if not _on_requested(event, turn):
                self._tell(taken_by_another(event), turn)
        elif self._on_progressed(event, turn):
            told = Event()
            told.CopyFrom(event)
            self._tell(told, turn)

    def _tell(self, event: Event, turn: Turn) -> None:
        turn.send(HEAD_TOPIC, partition_of(event.thread_key, self._head_partitions), event)

    def _on_progressed(self, event: Event, turn: Turn) -> bool:
        """Apply a report; return whether it was news."""
        key = reply_key(event)
        told = event.reply_progressed
        follow = _FOLLOW.get(told.state)
        if follow is None:
            raise InvalidEventError(f"{event.event_id!r} tells the state {told.state}")
        known = turn.table(OPEN).get(key)
        if known is None:
            return _on_late_word(key, told, turn)
        after = follow(known, told, event.occurred_at_us)
        if after is None:
            if not known.under_way:
                turn.follow_up(Waiting(key, known))
            return False
        if isinstance(after, EndedReply):
            _end(key, after, event, turn)
        else:
            turn.table(OPEN).put(key, after)
            turn.follow_up(Written(key, after) if after.under_way else Waiting(key, after))
        return True

    def on_timer(self, timer: Timer, turn: Turn) -> None:
        turn.table(ENDED).delete(timer.timer_id)


def _on_requested(event: Event, turn: Turn) -> bool:
    """Let it wait for its turn unless it is known; False when another thread's has its id."""
    key = reply_key(event)
    known = turn.table(OPEN).get(key) or turn.table(ENDED).get(key)
    if known is not None:
        return known.thread_key in ("", event.thread_key)
    asked = turn.table(ASKED)
    position = (asked.get(_COUNT) or 0) + 1
    asked.put(_COUNT, position)
    reply = OpenReply(position, event.thread_key, event.SerializeToString(deterministic=True))
    turn.table(OPEN).put(key, reply)
    turn.follow_up(Waiting(key, reply))
    return True


def _on_late_word(key: str, told: ReplyProgressed, turn: Turn) -> bool:
    """Take what is told of a reply that has ended: that it went out after all is news."""
    turn.follow_up(Ended(key))
    ended = turn.table(ENDED).get(key)
    if ended is None or told.state != ReplyState.REPLY_STATE_SENT:
        return False
    after = delivery.found_sent(ended, told.part)
    if after is None:
        return False
    turn.table(ENDED).put(key, after)
    return True


def _end(key: str, ended: EndedReply, event: Event, turn: Turn) -> None:
    turn.table(OPEN).delete(key)
    turn.table(ENDED).put(key, ended)
    turn.set_timer(key, LIVE, event.occurred_at_us + REMEMBERED_US)
    turn.follow_up(Ended(key))


def _check(event: Event) -> None:
    for name in ("event_id", "organisation_id", "channel", "account_id", "thread_key"):
        if not getattr(event, name):
            raise InvalidEventError(f"{event.event_id!r} has no {name}: it cannot be answered")
    if not (event.reply_requested.reply_id or event.reply_progressed.reply_id):
        raise InvalidEventError(f"{event.event_id!r} has no reply_id: repeats cannot be told")
    if event.timeline != LIVE:
        raise InvalidEventError(
            f"{event.event_id!r} is of the timeline {event.timeline!r}: what is replayed was "
            "answered then, and nothing of it goes out again"
        )


def _attempted(known: OpenReply, told: ReplyProgressed, at_us: int) -> _Known | None:
    return delivery.attempted(known, told.part, told.parts, told.attempt, at_us)


def _delayed(known: OpenReply, told: ReplyProgressed, _: int) -> _Known | None:
    doubtful = told.code == UNKNOWN_OUTCOME
    return delivery.delayed(
        known, told.part, told.attempt, told.next_attempt_at_us, doubtful=doubtful
    )


def _sent(known: OpenReply, told: ReplyProgressed, _: int) -> _Known | None:
    return delivery.sent(known, told.part)


def _refused(known: OpenReply, told: ReplyProgressed, _: int) -> _Known | None:
    return delivery.refused(known, told.part, told.attempt)


def _unknown(known: OpenReply, told: ReplyProgressed, _: int) -> _Known | None:
    return delivery.given_up(known, told.part, told.attempt)


_FOLLOW: dict[int, Callable[[OpenReply, ReplyProgressed, int], _Known | None]] = {
    ReplyState.REPLY_STATE_ATTEMPTED: _attempted,
    ReplyState.REPLY_STATE_DELAYED: _delayed,
    ReplyState.REPLY_STATE_SENT: _sent,
    ReplyState.REPLY_STATE_REFUSED: _refused,
    ReplyState.REPLY_STATE_UNKNOWN: _unknown,
}
