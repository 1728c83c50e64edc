"""What the index keeps of an event's body. Names and numbers of people are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypedDict

from careline.channel.v1.happenings_pb2 import CallPhase, ReceiptKind
from careline.channel.v1.replies_pb2 import ReplyState
from careline.event.v1.event_pb2 import AuthorKind, Event

_BOT: Final = "bot"
_AGENT: Final = "agent"


class Details(TypedDict, total=False):
    """Fields of :class:`services.indexer.domain.occurrence.Occurrence`."""

    message_id: str
    reply_to_message_id: str
    author_kind: str
    text: str
    subject: str
    about_message_ids: tuple[str, ...]
    reply_id: str
    code: str
    reason: str
    object_id: str
    duration_us: int
    score: float


def names(prefix: str, enum: Iterable[tuple[str, int]]) -> dict[int, str]:
    return {number: name.removeprefix(prefix).lower() for name, number in enum if number}


def named(known: dict[int, str], number: int) -> str:
    """Name an enum's value; one that a newer producer added keeps its number."""
    return known.get(number, str(number) if number else "")


_AUTHOR_KINDS: Final = names("AUTHOR_KIND_", AuthorKind.items())
_RECEIPT_KINDS: Final = names("RECEIPT_KIND_", ReceiptKind.items())
_CALL_PHASES: Final = names("CALL_PHASE_", CallPhase.items())
_REPLY_STATES: Final = names("REPLY_STATE_", ReplyState.items())


def details_of(event: Event, kind: str) -> Details:
    """Return what the body tells; of a body that has nothing to tell, nothing."""
    read = _READERS.get(kind)
    return Details() if read is None else read(event)


def _message(event: Event) -> Details:
    message = event.message
    return Details(
        message_id=message.message_id,
        reply_to_message_id=message.reply_to_message_id,
        author_kind=named(_AUTHOR_KINDS, message.author_kind),
        text=message.text,
    )


def _unrecognised(event: Event) -> Details:
    return Details(subject=event.unrecognised.type)


def _timer(event: Event) -> Details:
    return Details(subject=event.timer_elapsed.timer_id)


def _party(event: Event) -> Details:
    return Details(subject=event.party_assigned.reason)


def _deletion(event: Event) -> Details:
    return Details(about_message_ids=(event.message_deleted.message_id,))


def _reaction(event: Event) -> Details:
    changed = event.reaction_changed
    return Details(
        about_message_ids=(changed.message_id,),
        subject=changed.reaction,
        code="removed" if changed.removed else "",
    )


def _receipt(event: Event) -> Details:
    receipt = event.receipt_arrived
    return Details(
        about_message_ids=tuple(receipt.message_ids),
        subject=named(_RECEIPT_KINDS, receipt.kind),
        code=receipt.code,
        reason=receipt.reason,
    )


def _engagement(event: Event) -> Details:
    return Details(about_message_ids=(event.engagement_counted.message_id,))


def _call(event: Event) -> Details:
    step = event.call_progressed
    return Details(
        subject=named(_CALL_PHASES, step.phase),
        object_id=step.call_id,
        duration_us=step.duration_us,
        reason=step.reason,
    )


def _action(event: Event) -> Details:
    acted = event.customer_acted
    return Details(subject=acted.action, object_id=acted.object_id)


def _survey(event: Event) -> Details:
    answered = event.survey_answered
    return Details(
        subject=answered.kind,
        object_id=answered.survey_id,
        score=answered.score,
        text=answered.comment,
    )


def _reply_requested(event: Event) -> Details:
    asked = event.reply_requested
    return Details(
        reply_id=asked.reply_id,
        reply_to_message_id=asked.reply_to_message_id,
        text=asked.text,
        author_kind=_BOT if asked.by_bot else _AGENT,
    )


def _reply_progressed(event: Event) -> Details:
    told = event.reply_progressed
    return Details(
        reply_id=told.reply_id,
        subject=named(_REPLY_STATES, told.state),
        message_id=told.message_id,
        text=told.text,
        code=told.code,
        reason=told.reason,
        author_kind=_BOT if told.by_bot else _AGENT,
    )


def _attachment(event: Event) -> Details:
    kept = event.attachment_kept
    return Details(
        about_message_ids=(kept.message_id,), subject=kept.media_type, object_id=kept.blob_ref
    )


_READERS: Final[dict[str, Callable[[Event], Details]]] = {
    "message": _message,
    "unrecognised": _unrecognised,
    "timer_elapsed": _timer,
    "party_assigned": _party,
    "message_deleted": _deletion,
    "reaction_changed": _reaction,
    "receipt_arrived": _receipt,
    "engagement_counted": _engagement,
    "call_progressed": _call,
    "customer_acted": _action,
    "survey_answered": _survey,
    "reply_requested": _reply_requested,
    "reply_progressed": _reply_progressed,
    "attachment_kept": _attachment,
}
