"""One clock: business time spent against a target, while it runs and while it stands still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from services.sla.domain.calendars import BusinessCalendar
from services.sla.domain.events import ClockEvent, ClockEventKind
from services.sla.domain.policies import ClockName, PolicyRef, Target

ClockState = Literal["active", "paused", "fulfilled", "breached"]
Alarm = Literal["warned", "breached"]


@dataclass(slots=True)
class Clock:
    """A clock of one cycle; plain values only, so that it can be stored as it is."""

    name: ClockName
    cycle: int
    policy: PolicyRef
    target_us: int
    started_at_us: int
    # Business time spent before ``running_since_us``.
    spent_us: int = 0
    running_since_us: int | None = None
    due_at_us: int | None = None
    warn_after_us: int | None = None
    warn_at_us: int | None = None
    breached_at_us: int | None = None
    fulfilled_at_us: int | None = None

    @classmethod
    def of(cls, name: ClockName, cycle: int, policy: PolicyRef, target: Target, at_us: int) -> Self:
        """Return a clock that stands still at its start."""
        warn_after_us = target.warn_after_us
        return cls(name, cycle, policy, target.target_us, at_us, warn_after_us=warn_after_us)

    @property
    def state(self) -> ClockState:
        if self.fulfilled_at_us is not None:
            return "fulfilled"
        if self.breached_at_us is not None:
            return "breached"
        return "paused" if self.running_since_us is None else "active"

    @property
    def is_open(self) -> bool:
        return self.fulfilled_at_us is None

    @property
    def is_running(self) -> bool:
        return self.running_since_us is not None

    def activate(self, at_us: int, calendar: BusinessCalendar, *, running: bool) -> ClockEvent:
        """Start it, or with ``running`` false leave it standing until it is resumed."""
        if running:
            self._run(at_us, calendar)
        return self._event("activated", at_us, 0)

    def resume(self, at_us: int, calendar: BusinessCalendar) -> ClockEvent:
        self._run(at_us, calendar)
        return self._event("resumed", at_us, self.spent_us)

    def pause(self, at_us: int, calendar: BusinessCalendar) -> ClockEvent:
        self._stop(at_us, calendar)
        return self._event("paused", at_us, self.spent_us)

    def fulfil(self, at_us: int, calendar: BusinessCalendar) -> ClockEvent:
        """Fulfil it, in time or late; a clock that stands still is fulfilled as it stands."""
        due_at_us = self.due_at_us
        self._stop(at_us, calendar)
        self.fulfilled_at_us = at_us
        return self._event("fulfilled", at_us, self.spent_us)._replace(due_at_us=due_at_us)

    def alarms(self) -> list[tuple[int, Alarm]]:
        """Return when it will warn and breach, if it runs on."""
        alarms: list[tuple[int, Alarm]] = []
        if self.warn_at_us is not None:
            alarms.append((self.warn_at_us, "warned"))
        if self.due_at_us is not None and self.breached_at_us is None:
            alarms.append((self.due_at_us, "breached"))
        return alarms

    def sound(self, alarm: Alarm, at_us: int) -> ClockEvent:
        """Record an alarm of ``alarms`` as sounded."""
        if alarm == "warned":
            assert self.warn_after_us is not None
            elapsed_us = self.warn_after_us
            self.warn_at_us = self.warn_after_us = None
            return self._event("warned", at_us, elapsed_us)
        self.breached_at_us = at_us
        return self._event("breached", at_us, self.target_us)

    def elapsed_us(self, at_us: int, calendar: BusinessCalendar) -> int:
        """Return the business time spent up to an instant no earlier than the last change."""
        if self.running_since_us is None:
            return self.spent_us
        return self.spent_us + calendar.elapsed_us(self.running_since_us, at_us)

    def _run(self, at_us: int, calendar: BusinessCalendar) -> None:
        self.running_since_us = at_us
        if self.breached_at_us is not None:
            self.due_at_us = self.breached_at_us
        else:
            self.due_at_us = calendar.due_at(at_us, max(0, self.target_us - self.spent_us))
        if self.warn_after_us is not None:
            self.warn_at_us = calendar.due_at(at_us, max(0, self.warn_after_us - self.spent_us))

    def _stop(self, at_us: int, calendar: BusinessCalendar) -> None:
        self.spent_us = self.elapsed_us(at_us, calendar)
        self.running_since_us = self.due_at_us = self.warn_at_us = None

    def _event(self, kind: ClockEventKind, at_us: int, elapsed_us: int) -> ClockEvent:
        return ClockEvent(
            kind,
            self.name,
            self.cycle,
            at_us,
            self.due_at_us,
            elapsed_us,
            self.target_us,
            self.policy,
        )
