"""One conversation as it is written down: its actions in order, each with its id."""

from __future__ import annotations

from services.simulator.domain.actions import (
    Action,
    AgentReplies,
    CustomerWrites,
    Identifier,
    Status,
    StatusChanges,
)
from services.simulator.domain.customers import Customer
from services.simulator.domain.draws import Draws
from services.simulator.domain.staffing import Agent

_SECOND_US = 1_000_000
# Two actions of a conversation are never at one instant.
_LEAST_GAP_US = _SECOND_US


class Script:
    """Collects actions; each is put ``seconds`` after the one before it."""

    def __init__(
        self,
        conversation_id: str,
        begins_at_us: int,
        customer: Customer,
        channel: str,
        thread_id: str,
    ) -> None:
        self.actions: list[Action] = []
        self.at_us = begins_at_us - _LEAST_GAP_US
        self.customer = customer
        self.channel = channel
        self._account = customer.accounts[channel]
        self._conversation_id = conversation_id
        self._thread_id = thread_id
        self._last_message = ""

    def customer_writes(
        self, seconds: float, text: str, *, identifiers: tuple[Identifier, ...] = ()
    ) -> None:
        action_id = self._go_on(seconds)
        self.actions.append(
            CustomerWrites(
                self.at_us,
                action_id,
                self._conversation_id,
                self.customer.brand.brand_id,
                self.channel,
                self._thread_id,
                author_id=self._account.author_id,
                author_name=self._account.shown_name,
                text=text,
                language=self.customer.language,
                reply_to=self._last_message,
                identifiers=identifiers,
            )
        )
        self._last_message = action_id

    def agent_replies(self, seconds: float, agent: Agent, text: str) -> None:
        action_id = self._go_on(seconds)
        self.actions.append(
            AgentReplies(
                self.at_us,
                action_id,
                self._conversation_id,
                self.customer.brand.brand_id,
                self.channel,
                self._thread_id,
                agent_id=agent.agent_id,
                agent_name=agent.name,
                text=text,
                language=self.customer.language,
                reply_to=self._last_message,
            )
        )
        self._last_message = action_id

    def status_changes(
        self, seconds: float, status: Status, *, assignee: str = "", priority: str = ""
    ) -> None:
        action_id = self._go_on(seconds)
        self.actions.append(
            StatusChanges(
                self.at_us,
                action_id,
                self._conversation_id,
                self.customer.brand.brand_id,
                self.channel,
                self._thread_id,
                status=status,
                assignee=assignee,
                priority=priority,
            )
        )

    def _go_on(self, seconds: float) -> str:
        self.at_us += max(_LEAST_GAP_US, int(seconds * _SECOND_US))
        return f"{self._conversation_id}.{len(self.actions)}"


class Wording:
    """Fills templates with one conversation's order, product and sums."""

    def __init__(self, draws: Draws, slots: dict[str, str]) -> None:
        self._draws = draws
        self._slots = slots

    def pick(self, templates: tuple[str, ...]) -> str:
        return self._draws.pick(templates).format_map(self._slots)

    def by(self, agent: Agent) -> None:
        """Let the agent speak, and be spoken of, by name from now on."""
        self._slots["agent"] = agent.name
