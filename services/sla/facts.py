"""The facts that the conversation lane recorded in an event, as the clocks take them."""

from __future__ import annotations

from typing import Final

from careline.conversation.v1.facts_pb2 import Fact as FactMessage
from careline.conversation.v1.facts_pb2 import FactKind, Facts
from services.kernel.lane.stage import InvalidEventError
from services.sla.domain.facts import (
    OPENED,
    Fact,
    agent_replied,
    code_of,
    conversation_opened,
    conversation_reopened,
    customer_wrote,
    status_changed,
)
from services.sla.domain.policies import STATUSES

# Plain integers: an enum's member costs a look-up in the descriptor.
_OPENED: Final = int(FactKind.FACT_KIND_OPENED)
_CONTACT: Final = int(FactKind.FACT_KIND_CONTACT)
_REPLY: Final = int(FactKind.FACT_KIND_REPLY)
_REOPENED: Final = int(FactKind.FACT_KIND_REOPENED)
_CLOSED: Final = int(FactKind.FACT_KIND_CLOSED)
_STATUS_CHANGED: Final = int(FactKind.FACT_KIND_STATUS_CHANGED)


def facts_of(part: Facts) -> tuple[list[Fact], list[Fact]]:
    """Return the facts that move clocks, and those that are taken back.

    The solving, the closing and the first response are told by the status changes and the reply
    that go with them; kinds of a later version move nothing here.
    """
    if not part.conversation_id:
        raise InvalidEventError("the event has facts, but no conversation_id")
    added: list[Fact] = []
    taken_back: list[Fact] = []
    for told in part.facts:
        fact = _fact(told, part)
        if fact is None:
            continue
        sign = told.sign
        if sign == 1:
            added.append(fact)
        elif sign == -1:
            taken_back.append(fact)
        else:
            raise InvalidEventError(f"a fact's sign is {sign}; it is 1, or -1 to take it back")
    return added, taken_back


def opens(part: Facts, added: list[Fact]) -> bool:
    """Tell whether a conversation that is not known begins here.

    One that was forgotten after its closing does not begin again when its opening is told anew.
    """
    if not any(code_of(fact.row) == OPENED for fact in added):
        return False
    return part.status != "closed" or any(
        told.kind == _CLOSED and told.sign == 1 for told in part.facts
    )


def _fact(told: FactMessage, part: Facts) -> Fact | None:
    kind = told.kind
    if kind == _CONTACT:
        return customer_wrote(told.at_us)
    if kind == _REPLY:
        return agent_replied(told.at_us)
    if kind == _STATUS_CHANGED:
        if told.status not in STATUSES:
            raise InvalidEventError(
                f"the fact's status is {told.status!r}; known are {', '.join(STATUSES)}"
            )
        return status_changed(told.at_us, told.status)
    if kind == _OPENED:
        return conversation_opened(told.at_us, part.channel, part.brand_id, part.priority)
    if kind == _REOPENED:
        return conversation_reopened(told.at_us, part.channel, part.brand_id, part.priority)
    if kind == 0:
        raise InvalidEventError("a fact has no kind")
    return None
