"""The one normal form of a call, whoever tells of it.

- A call is told by steps. ``leg_id`` names one connection; where it is not the call's own id it is
  a further connection of the same call, so calls are counted by ``call_id``.
- A step's duration is of the phase that it ends: ``answered`` has the wait, ``abandoned`` the wait
  in vain, ``ended`` the talk, ``resumed`` the hold. A record that only has the sum of all holds
  gives one ``held`` with that sum.
- ``abandoned`` stands instead of ``ended`` where one record tells the whole call; a source that
  tells step by step may still say that the call ended.
- A step's id is made of the leg and the phase: what is told again adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.gateway.domain.incoming import CallPhase, CallStep, IncomingEvent


@dataclass(slots=True)
class CallTeller:
    """Collects the steps of one leg."""

    channel: str
    call_id: str
    leg_id: str
    outbound: bool = False
    caller: str = ""
    callee: str = ""
    # Where the customer's number is not known, the call is its own thread.
    thread_id: str = ""
    events: list[IncomingEvent] = field(default_factory=list)

    @property
    def customer(self) -> str:
        return self.callee if self.outbound else self.caller

    def tell(  # a step's facts by name
        self,
        phase: CallPhase,
        at_us: int | None,
        *,
        duration_us: int = 0,
        queue: str = "",
        agent: str = "",
        recording_url: str = "",
        reason: str = "",
        suffix: str = "",
    ) -> None:
        """``suffix`` tells steps of the same phase and leg apart."""
        step = CallStep(
            call_id=self.call_id,
            phase=phase,
            leg_id=self.leg_id,
            outbound=self.outbound,
            caller=self.caller,
            callee=self.callee,
            queue=queue,
            agent=agent,
            duration_us=max(duration_us, 0),
            recording_url=recording_url,
            reason=reason,
        )
        self.events.append(
            IncomingEvent(
                event_id=":".join(filter(None, (self.leg_id, phase, suffix))),
                channel=self.channel,
                thread_id=self.thread_id or self.customer or self.call_id,
                body=step,
                occurred_at_us=at_us,
                author_id=self.customer,
            )
        )

    def in_order(self) -> list[IncomingEvent]:
        """Return the steps as they happened; those of the same time in the order told."""
        return sorted(self.events, key=lambda event: event.occurred_at_us or 0)


def phone_number(text: str) -> str:
    """Return an E.164 number with "+" out of a SIP or tel address; other names stay as they are."""
    bare = text.strip()
    for prefix in ("sips:", "sip:", "tel:"):
        bare = bare.removeprefix(prefix)
    bare = bare.partition("@")[0].partition(";")[0]
    return bare or text.strip()
