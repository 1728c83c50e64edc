"""Builds the events that tell what became of a reply: the dispatcher's words in the lane's log."""

from __future__ import annotations

from typing import Final

from careline.channel.v1.replies_pb2 import ReplyProgressed, ReplyState
from careline.event.v1.event_pb2 import Event
from services.gateway.domain.delivery import OpenReply

_SUFFIXES = {
    ReplyState.REPLY_STATE_ATTEMPTED: "attempted",
    ReplyState.REPLY_STATE_SENT: "sent",
    ReplyState.REPLY_STATE_REFUSED: "refused",
    ReplyState.REPLY_STATE_UNKNOWN: "unknown",
    ReplyState.REPLY_STATE_DELAYED: "delayed",
}
# The code of a delay after which nobody knows whether the platform took the attempt before it.
UNKNOWN_OUTCOME: Final = "unknown_outcome"
# A platform's words may be long, and may end within a character.
_LONGEST_REASON: Final = 1000
# They come once for every attempt; the others end a part.
_OF_AN_ATTEMPT = frozenset({ReplyState.REPLY_STATE_ATTEMPTED, ReplyState.REPLY_STATE_DELAYED})


def reply_key(request: Event) -> str:
    """Return the key of a reply in the lane's tables."""
    reply_id = request.reply_requested.reply_id or request.reply_progressed.reply_id
    return f"{address_of(request)}/{reply_id}"


def address_of(event: Event) -> str:
    """Return the account's key: replies of one account are of one partition."""
    return f"{event.organisation_id}/{event.channel}/{event.account_id}"


def account_of(key: str) -> str:
    """Return the account's key of a reply's key; a reply's id may hold anything."""
    return "/".join(key.split("/", 3)[:3])


def progressed(request: Event, now_us: int, told: ReplyProgressed) -> Event:
    """Return the event; its id is the same whenever the same thing is told again."""
    asked = request.reply_requested
    event = Event(
        organisation_id=request.organisation_id,
        brand_id=request.brand_id,
        channel=request.channel,
        account_id=request.account_id,
        timeline=request.timeline,
        occurred_at_us=now_us,
        accepted_at_us=now_us,
        thread_key=request.thread_key,
        traceparent=request.traceparent,
        reply_progressed=told,
    )
    progress = event.reply_progressed
    progress.reply_id = asked.reply_id
    progress.agent_id = asked.agent_id
    progress.agent_name = asked.agent_name
    progress.by_bot = asked.by_bot
    progress.is_public = asked.is_public
    which = f"{progress.part}/{_SUFFIXES[progress.state]}"
    if progress.state in _OF_AN_ATTEMPT:
        which = f"{progress.part}/{progress.attempt}/{_SUFFIXES[progress.state]}"
    event.event_id = f"{event.channel}:{event.account_id}:reply/{asked.reply_id}/{which}"
    return event


def attempt_of(request: Event, reply: OpenReply, parts: int, now_us: int) -> Event:
    """Return what is written before the platform is called."""
    told = ReplyProgressed(
        state=ReplyState.REPLY_STATE_ATTEMPTED,
        part=reply.part,
        parts=parts,
        attempt=reply.attempt + 1,
    )
    return progressed(request, now_us, told)


def outcome(
    request: Event,
    reply: OpenReply,
    now_us: int,
    state: ReplyState.ValueType,
    *,
    message_id: str = "",
    text: str = "",
    code: str = "",
    reason: str = "",
    remedy: str = "",
    next_attempt_at_us: int = 0,
) -> Event:
    """Return what became of the reply's last attempt, or why there was none."""
    told = ReplyProgressed(
        state=state,
        part=reply.part,
        parts=reply.parts,
        attempt=reply.attempt,
        message_id=_whole(message_id),
        text=text,
        code=_whole(code),
        reason=_whole(reason),
        remedy=remedy,
        next_attempt_at_us=next_attempt_at_us,
    )
    return progressed(request, now_us, told)


def taken_by_another(request: Event) -> Event:
    """Return the refusal of a reply whose id is that of a reply in another thread."""
    told = ReplyProgressed(
        state=ReplyState.REPLY_STATE_REFUSED,
        code="reply_id_taken",
        reason="a reply in another thread of the account has this id",
        remedy="send it again with an id of its own",
    )
    event = progressed(request, request.accepted_at_us, told)
    event.event_id = f"{request.event_id}/refused"
    return event


def _whole(text: str) -> str:
    return text[:_LONGEST_REASON].encode(errors="replace").decode()
