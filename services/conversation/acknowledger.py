"""One automatic reply to a customer whom nobody answers: asked for when its timer is due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from careline.channel.v1.replies_pb2 import ReplyRequested
from careline.event.v1.event_pb2 import Event
from services.conversation.domain.acknowledging import (
    LIVE,
    NEVER,
    AcknowledgingPolicy,
    Contact,
    acknowledge,
    answer,
    await_answer,
    due_at_us,
    end,
    is_due,
)
from services.conversation.domain.conversation import Conversation
from services.conversation.domain.statuses import FINISHED
from services.conversation.domain.wording import BUILT_IN_ONLY, Wordings
from services.conversation.parts import acknowledgement_event, attach
from services.conversation.replies import hand_over
from services.conversation.tables import CONVERSATIONS
from services.kernel.lane.stage import Turn
from services.kernel.lane.timers import Timer

TIMER_PREFIX: Final = "acknowledge/"


@dataclass(frozen=True, slots=True)
class Acknowledger:
    """Follows what a conversation waits for; without a policy it does nothing."""

    policy: AcknowledgingPolicy = NEVER
    wordings: Wordings = BUILT_IN_ONLY

    def contact(self, conversation: Conversation, event: Event, turn: Turn) -> None:
        """Take a customer's message that is recorded; the caller keeps the conversation."""
        if not self.policy.after_us or conversation.status in FINISHED:
            return
        written = event.message
        contact = Contact(
            event.occurred_at_us,
            event.channel,
            event.timeline,
            language=event.understanding.language,
            automatic=written.automatic,
            spam=written.spam,
            is_public=written.is_public,
            edited=written.edited,
        )
        now_us = max(turn.log_time_us, turn.timers.watermark_us(event.timeline))
        waiting = conversation.waiting
        conversation.waiting = await_answer(self.policy, waiting, contact, now_us)
        self._follow(conversation, turn)

    def answer(self, conversation: Conversation, at_us: int, turn: Turn) -> None:
        """Take an answer of a person or a bot, or one on its way, and keep the conversation."""
        if self._is_followed(conversation):
            conversation.waiting = answer(conversation.waiting, at_us)
            turn.table(CONVERSATIONS).put(conversation.conversation_id, conversation)
            self._follow(conversation, turn)

    def end(self, conversation: Conversation, turn: Turn) -> None:
        """Take the end, if it is one; the caller keeps the conversation."""
        if conversation.status in FINISHED and self._is_followed(conversation):
            conversation.waiting = end(conversation.waiting)
            self._follow(conversation, turn)

    def on_timer(self, timer: Timer, turn: Turn) -> None:
        conversation_id = timer.timer_id.removeprefix(TIMER_PREFIX)
        conversations = turn.table(CONVERSATIONS)
        conversation = conversations.get(conversation_id)
        if conversation is None:
            raise RuntimeError(f"{timer} fired, but the state does not hold its conversation")
        at_us = turn.timers.watermark_us(timer.timeline)
        # Where nothing was heard for hours, the log's own time tells how late it is.
        if is_due(self.policy, conversation.waiting, max(at_us, turn.log_time_us)):
            self._acknowledge(conversation, at_us, turn)
        else:
            conversation.waiting = end(conversation.waiting)
        conversations.put(conversation_id, conversation)

    def _acknowledge(
        self, conversation: Conversation, at_us: int, turn: Turn, wait_us: int | None = None
    ) -> None:
        """Ask for the reply as if an agent had; it is nobody's answer and counts nothing."""
        text = self.wordings.text(conversation.waiting.language, wait_us)
        conversation.waiting = acknowledge(conversation.waiting, at_us)
        event = acknowledgement_event(conversation, at_us)
        event.reply_requested.CopyFrom(
            ReplyRequested(
                reply_id=TIMER_PREFIX + conversation.conversation_id,
                text=text,
                by_bot=True,
                automatic=True,
            )
        )
        hand_over(event, conversation, turn)
        attach(event, conversation, conversation.brand_id)
        turn.emit(event)

    def _is_followed(self, conversation: Conversation) -> bool:
        # What waited when it was switched off must not be acknowledged when it is on again.
        return self.policy.after_us > 0 or conversation.waiting.since_us > 0

    def _follow(self, conversation: Conversation, turn: Turn) -> None:
        """Let the timer follow what the conversation waits for."""
        timer_id = TIMER_PREFIX + conversation.conversation_id
        due = due_at_us(self.policy, conversation.waiting)
        if due:
            turn.set_timer(timer_id, LIVE, due)
        else:
            turn.cancel_timer(timer_id)
