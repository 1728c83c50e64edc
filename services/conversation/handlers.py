"""Conversation's use case: record what every event means for its thread's conversation."""

from __future__ import annotations

from collections.abc import Sequence

from careline.channel.v1.replies_pb2 import ReplyState
from careline.event.v1.event_pb2 import AuthorKind, ConversationStatus, Event, Message
from services.conversation.acknowledger import TIMER_PREFIX, Acknowledger
from services.conversation.domain import statuses
from services.conversation.domain.acknowledging import LIVE
from services.conversation.domain.answers import note_contact, note_sent, take_over, was_sent
from services.conversation.domain.conversation import (
    Conversation,
    conversation_id_of,
    new_conversation,
)
from services.conversation.domain.facts import Telling, Told
from services.conversation.domain.recorder import Recorder, seal
from services.conversation.domain.threads import is_over, place
from services.conversation.parties import assign_party, remember_party
from services.conversation.parts import attach, corrections, timer_event
from services.conversation.replies import hand_over
from services.conversation.tables import CONVERSATIONS, THREADS
from services.kernel.lane.stage import InvalidEventError, Stage, Turn
from services.kernel.lane.state import Table
from services.kernel.lane.timers import Timer

_CLOSING_PREFIX = "close/"

_CUSTOMER = AuthorKind.AUTHOR_KIND_CUSTOMER
_AGENT = AuthorKind.AUTHOR_KIND_AGENT
_BOT = AuthorKind.AUTHOR_KIND_BOT
_OTHERS = frozenset({_BOT, AuthorKind.AUTHOR_KIND_SYSTEM})

_STATUSES: dict[int, str] = {
    ConversationStatus.CONVERSATION_STATUS_UNSPECIFIED: "",
    ConversationStatus.CONVERSATION_STATUS_NEW: statuses.NEW,
    ConversationStatus.CONVERSATION_STATUS_OPEN: statuses.OPEN,
    ConversationStatus.CONVERSATION_STATUS_PENDING: statuses.PENDING,
    ConversationStatus.CONVERSATION_STATUS_ON_HOLD: statuses.ON_HOLD,
    ConversationStatus.CONVERSATION_STATUS_SOLVED: statuses.SOLVED,
    ConversationStatus.CONVERSATION_STATUS_CLOSED: statuses.CLOSED,
}
# After the end they change nothing; any other status begins a new conversation.
_ENDINGS = frozenset({"", statuses.SOLVED, statuses.CLOSED})


class RecordConversations(Stage):
    """Adds the conversation's part to messages and status changes; the rest goes on untouched."""

    def __init__(self, recorder: Recorder, acknowledger: Acknowledger) -> None:
        self._recorder = recorder
        self._acknowledger = acknowledger

    def on_event(self, event: Event, turn: Turn) -> None:
        body = event.WhichOneof("body")
        if body == "message":
            self._on_message(event, turn)
        elif body == "status_changed":
            self._on_status_changed(event, turn)
        elif body == "party_assigned":
            assign_party(event, turn)
        elif body == "reply_requested":
            self._on_reply_requested(event, turn)
        elif body == "reply_progressed":
            self._on_reply_progressed(event, turn)
        turn.emit(event)

    def on_timer(self, timer: Timer, turn: Turn) -> None:
        if timer.timer_id.startswith(TIMER_PREFIX):
            self._acknowledger.on_timer(timer, turn)
            return
        conversation_id = timer.timer_id.removeprefix(_CLOSING_PREFIX)
        conversation = turn.table(CONVERSATIONS).get(conversation_id)
        if conversation is None or conversation.closes_at_us != timer.due_at_us:
            raise RuntimeError(f"{timer} fired, but nothing closes then: {conversation}")
        self._close(conversation, turn)

    def _on_message(self, event: Event, turn: Turn) -> None:
        known = _conversation_of(event, turn)
        at_us = event.occurred_at_us
        author = event.message.author_kind
        if _does_not_count(event.message):
            _show(event, known)
        elif author == _CUSTOMER:
            conversation = self._open(event, turn, known)
            brand_id = _brand(event, conversation)
            party_key = conversation.party_key
            telling = self._recorder.contact(
                conversation,
                at_us,
                brand_id,
                event.timeline,
                party_key=event.party_key,
                customer_id=event.assignment.customer_id,
            )
            if conversation.party_key != party_key:
                remember_party(conversation, turn)
            written = event.message
            note_contact(
                conversation, at_us, written.message_id, event.account_id, written.reply_address
            )
            self._acknowledger.contact(conversation, event, turn)
            _tell(event, turn, conversation, brand_id, telling)
        elif author == _AGENT:
            self._on_reply(event, event.message.message_id, turn, known)
        elif author not in _OTHERS:
            raise InvalidEventError(
                f"the message's author kind is {author}: the channel's adapter must tell whether "
                "a customer (1), an agent (2), a bot (3) or the system (4) wrote it"
            )
        elif known is not None and not is_over(known, at_us):
            if author == _BOT:
                self._acknowledger.answer(known, at_us, turn)
            attach(event, known, event.brand_id or known.brand_id)

    def _on_reply(
        self, event: Event, message_id: str, turn: Turn, known: Conversation | None
    ) -> None:
        """Count an agent's message; the platform's word of one that is known changes nothing."""
        if known is not None and was_sent(known, message_id):
            _show(event, known)
            return
        conversation = self._open(event, turn, known)
        note_sent(conversation, message_id)
        brand_id = _brand(event, conversation)
        at_us = event.occurred_at_us
        telling = self._recorder.reply(conversation, at_us, brand_id, event.timeline)
        self._acknowledger.answer(conversation, at_us, turn)
        _tell(event, turn, conversation, brand_id, telling)

    def _on_reply_progressed(self, event: Event, turn: Turn) -> None:
        """Let a reply that was sent count as its author's message: once, however many its parts."""
        told = event.reply_progressed
        known = _conversation_of(event, turn)
        if told.state != ReplyState.REPLY_STATE_SENT:
            _show(event, known)
        elif not told.part and not told.by_bot:
            self._on_reply(event, told.message_id, turn, known)
        else:
            if known is not None and not was_sent(known, told.message_id):
                note_sent(known, told.message_id)
                turn.table(CONVERSATIONS).put(known.conversation_id, known)
            _show(event, known)

    def _on_reply_requested(self, event: Event, turn: Turn) -> None:
        """Hand the reply over; the customer who gets it needs no acknowledgement any more."""
        known = _conversation_of(event, turn)
        hand_over(event, known, turn)
        if known is not None and event.timeline == LIVE:
            self._acknowledger.answer(known, event.occurred_at_us, turn)
        _show(event, known)

    def _on_status_changed(self, event: Event, turn: Turn) -> None:
        change = event.status_changed
        status = _STATUSES.get(change.status)
        if status is None:
            raise InvalidEventError(
                f"the status is {change.status}: it must be one of {sorted(_STATUSES)}"
            )
        known = _conversation_of(event, turn)
        at_us = event.occurred_at_us
        if known is not None and status in _ENDINGS and is_over(known, at_us):
            if known.status == statuses.SOLVED:
                self._close_before_its_timer(known, turn)
            conversation, status = known, ""
        else:
            conversation = self._open(event, turn, known)
        brand_id = _brand(event, conversation)
        telling = self._recorder.change_status(
            conversation,
            at_us,
            brand_id,
            event.timeline,
            status=status,
            assignee=change.assignee,
            priority=change.priority,
        )
        self._acknowledger.end(conversation, turn)
        _tell(event, turn, conversation, brand_id, telling)

    def _open(self, event: Event, turn: Turn, known: Conversation | None) -> Conversation:
        """Return the event's conversation; open one where there is none, or none any more."""
        ordinal = 1
        before = known
        if known is not None:
            if not is_over(known, event.occurred_at_us):
                return known
            if known.status == statuses.SOLVED:
                self._close_before_its_timer(known, turn)
            seal(known)
            turn.table(CONVERSATIONS).put(known.conversation_id, known)
            ordinal = known.ordinal + 1
        conversation = new_conversation(
            event.organisation_id,
            event.thread_key,
            event.channel,
            ordinal,
            event.occurred_at_us,
        )
        if before is not None:
            take_over(conversation, before)
        turn.table(THREADS).put(event.thread_key, conversation.conversation_id)
        return conversation

    def _close_before_its_timer(self, conversation: Conversation, turn: Turn) -> None:
        """Close what is over although its timer is still to come.

        The timer waits for its own timeline, or for time to go on; the event is of another
        timeline, or late itself.
        """
        turn.cancel_timer(_CLOSING_PREFIX + conversation.conversation_id)
        self._close(conversation, turn)

    def _close(self, conversation: Conversation, turn: Turn) -> None:
        timer_id = _CLOSING_PREFIX + conversation.conversation_id
        event = timer_event(conversation, timer_id, conversation.closes_at_us)
        telling = self._recorder.close(conversation)
        turn.table(CONVERSATIONS).put(conversation.conversation_id, conversation)
        _attach(event, turn, conversation, conversation.brand_id, telling)
        turn.emit(event)


def _conversation_of(event: Event, turn: Turn) -> Conversation | None:
    """Return the conversation that the event's time belongs to; None where the thread has none."""
    thread_key = event.thread_key
    newest_id = turn.table(THREADS).get(thread_key)
    if newest_id is None:
        if not thread_key or not event.organisation_id:
            raise InvalidEventError(
                "the event has no thread key or no organisation: its gateway must set both"
            )
        return None
    conversations = turn.table(CONVERSATIONS)
    newest = _held(conversations, newest_id)
    if event.occurred_at_us >= newest.opened_at_us:
        return newest
    return place(
        newest,
        event.occurred_at_us,
        lambda number: _held(
            conversations, conversation_id_of(newest.organisation_id, thread_key, number)
        ),
    )


def _does_not_count(message: Message) -> bool:
    """Tell of wording that changed (it was counted), of machines' mail, and of the unwanted."""
    return message.edited or message.automatic or message.spam


def _show(event: Event, known: Conversation | None) -> None:
    """Let an event stand in the timeline of its conversation without counting."""
    if known is not None:
        attach(event, known, event.brand_id or known.brand_id)


def _held(conversations: Table[Conversation], conversation_id: str) -> Conversation:
    conversation = conversations.get(conversation_id)
    if conversation is None:
        raise LookupError(f"a thread leads to {conversation_id}, but the state does not hold it")
    return conversation


def _brand(event: Event, conversation: Conversation) -> str:
    """Return the brand that the event counts for; the conversation keeps the first that it had."""
    if not event.brand_id:
        return conversation.brand_id
    if not conversation.brand_id:
        conversation.brand_id = event.brand_id
    return event.brand_id


def _tell(
    event: Event, turn: Turn, conversation: Conversation, brand_id: str, telling: Telling
) -> None:
    """Attach the facts, keep the conversation, and let its timer follow when it closes."""
    turn.table(CONVERSATIONS).put(conversation.conversation_id, conversation)
    if conversation.steps:
        _set_timer(conversation, turn)
    _attach(event, turn, conversation, brand_id, telling)


def _attach(
    event: Event, turn: Turn, conversation: Conversation, brand_id: str, telling: Telling
) -> None:
    """Attach what counts for this brand and timeline; take back the rest where it was told."""
    here: Sequence[Told] = ()
    if telling.taken_back:
        scope = (brand_id, event.timeline)
        here = [fact for fact in telling.taken_back if fact[4:] == scope]
        elsewhere = [fact for fact in telling.taken_back if fact[4:] != scope]
        for correction in corrections(event, conversation, elsewhere):
            turn.emit(correction)
    attach(event, conversation, brand_id, telling.facts, here)


def _set_timer(conversation: Conversation, turn: Turn) -> None:
    timer_id = _CLOSING_PREFIX + conversation.conversation_id
    if conversation.closes_at_us:
        turn.set_timer(timer_id, conversation.closes_timeline, conversation.closes_at_us)
    else:
        turn.cancel_timer(timer_id)
