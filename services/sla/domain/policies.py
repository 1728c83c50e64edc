"""Policies: which promise a conversation gets, and by which calendar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal, NamedTuple, Self, get_args

from services.sla.domain.calendars import BusinessCalendar

ClockName = Literal[
    "first_response",
    "next_response",
    "resolution",
    "periodic_update",
    "pausable_update",
    "requester_wait",
    "agent_work",
]
# The order in which clocks of one conversation are told of.
CLOCKS: Final[tuple[ClockName, ...]] = get_args(ClockName)

Status = Literal["new", "open", "pending", "on_hold", "solved", "closed"]
_VERSION_DIGITS: Final = 12
STATUSES: Final[tuple[Status, ...]] = ("new", "open", "pending", "on_hold", "solved", "closed")


class Subject(NamedTuple):
    """What a policy is chosen by; empty where it is not known."""

    channel: str
    brand: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Business time within which a clock must be fulfilled.

    The warning comes after ``warn_after_us`` of it. While the conversation has a status of
    ``pause_in`` the clock stands still; solved and closed always stop the response clocks.
    """

    target_us: int
    warn_after_us: int | None = None
    pause_in: tuple[Status, ...] = ()


class PolicyRef(NamedTuple):
    """Names a policy and a calendar for good: a version never changes its content."""

    policy_id: str
    policy_version: str
    calendar_id: str
    calendar_version: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A promise for the conversations that meet every condition; an empty condition is met."""

    policy_id: str
    version: str
    calendar: BusinessCalendar
    targets: Mapping[ClockName, Target]
    channels: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    # The plain data that it was read from, as text: what a version must never change.
    definition: str = field(default="", compare=False)
    ref: PolicyRef = field(init=False, repr=False)

    def __post_init__(self) -> None:
        calendar = self.calendar
        ref = PolicyRef(self.policy_id, self.version, calendar.calendar_id, calendar.version)
        object.__setattr__(self, "ref", ref)

    def applies_to(self, subject: Subject) -> bool:
        return (
            (not self.channels or subject.channel in self.channels)
            and (not self.brands or subject.brand in self.brands)
            and (not self.priorities or subject.priority in self.priorities)
        )


def choose(policies: Iterable[Policy], subject: Subject) -> Policy | None:
    """Return the first policy that applies."""
    return next((policy for policy in policies if policy.applies_to(subject)), None)


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """The policies in force, first match first, and every version that clocks may still name."""

    in_force: tuple[Policy, ...]
    superseded: tuple[Policy, ...] = ()
    _by_ref: Mapping[PolicyRef, Policy] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_ref = {policy.ref: policy for policy in (*self.superseded, *self.in_force)}
        object.__setattr__(self, "_by_ref", by_ref)

    @property
    def version(self) -> str:
        """Return what names the policies in force and their order."""
        text = "\n".join(policy.definition for policy in self.in_force)
        return sha256(text.encode()).hexdigest()[:_VERSION_DIGITS]

    def choose(self, subject: Subject) -> Policy | None:
        return choose(self.in_force, subject)

    def policy(self, ref: PolicyRef) -> Policy:
        """Return the policy that a clock was started under."""
        policy = self._by_ref.get(ref)
        if policy is None:
            raise LookupError(
                f"policy {ref.policy_id!r} version {ref.policy_version!r} with calendar "
                f"{ref.calendar_id!r} version {ref.calendar_version!r} is not in the book, but a "
                "conversation still runs under it; keep superseded versions"
            )
        return policy

    def succeeded_by(self, newer: PolicyBook) -> Self:
        """Return the newer policies in force, with the present ones kept for running clocks."""
        kept = {policy.ref: policy for policy in (*self.superseded, *self.in_force)}
        for policy in newer.in_force:
            known = kept.pop(policy.ref, policy)
            if known != policy:
                raise ValueError(
                    f"policy {policy.policy_id!r} version {policy.version!r} has changed its "
                    "content; give the policy, or the calendar that changed, a new version"
                )
        return type(self)(newer.in_force, tuple(kept.values()))
