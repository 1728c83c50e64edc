"""Whether a message gets an acknowledgement with the expected wait, now. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.domain.incoming import IncomingEvent, WrittenMessage

_DAY_US = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class AcknowledgingPolicy:
    """``after_us``: how long nobody has answered. ``most_a_day``: to one sender, 0 for never."""

    after_us: int = 60 * 1_000_000
    most_a_day: int = 2
    # What lies longer unanswered is not met by a machine any more.
    latest_us: int = 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Decision:
    """``due_at_us``: when to ask again if it is not due yet; 0 when there is nothing to wait for.

    ``reason`` says why there is none: "automatic", "spam", "not_a_customer", "public", "edited",
    "answered", "capped", "too_late", "early".
    """

    acknowledge: bool
    reason: str = ""
    due_at_us: int = 0


def decide(
    event: IncomingEvent,
    policy: AcknowledgingPolicy,
    *,
    accepted_at_us: int,
    answered_at_us: int,
    acknowledged_at_us: Sequence[int],
    now_us: int,
) -> Decision:
    """Decide on one message.

    ``answered_at_us``: when somebody last answered in its thread, 0 for never.
    ``acknowledged_at_us``: when this sender, on any thread, was sent acknowledgements.
    """
    reason = _never(event)
    if reason:
        return Decision(acknowledge=False, reason=reason)
    if answered_at_us >= accepted_at_us:
        return Decision(acknowledge=False, reason="answered")
    if _of_today(acknowledged_at_us, now_us) >= policy.most_a_day:
        return Decision(acknowledge=False, reason="capped")
    waited_us = now_us - accepted_at_us
    if waited_us < policy.after_us:
        due_at_us = accepted_at_us + policy.after_us
        return Decision(acknowledge=False, reason="early", due_at_us=due_at_us)
    if waited_us > max(policy.latest_us, policy.after_us):
        return Decision(acknowledge=False, reason="too_late")
    return Decision(acknowledge=True)


def _never(event: IncomingEvent) -> str:
    """Return why this message is never acknowledged, or ""."""
    said = event.body
    if not isinstance(said, WrittenMessage) or said.author_kind != "customer":
        return "not_a_customer"
    if said.automatic:
        return "automatic"
    if said.spam:
        return "spam"
    if said.is_public:
        return "public"
    return "edited" if said.edited else ""


def _of_today(times_us: Sequence[int], now_us: int) -> int:
    return sum(now_us - _DAY_US < at_us <= now_us for at_us in times_us)
