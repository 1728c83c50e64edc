"""Whatever the platform answers and whenever the process dies: nothing twice, nothing forgotten."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from services.gateway.domain.outbound import (
    ReplyRefusedError,
    TryLaterError,
    UnknownOutcomeError,
)
from services.kernel.testing.harness import Instant

ENDS = ("sent", "refused", "unknown")


def script(draw: Random) -> list[BaseException | asyncio.Event]:
    """Return what the platform does with one text, in order; then it takes it."""
    steps: list[BaseException | asyncio.Event] = []
    for _ in range(draw.randrange(3)):
        choice = draw.random()
        if choice < 0.5:
            steps.append(TryLaterError("busy"))
        elif choice < 0.7:
            steps.append(UnknownOutcomeError(draw.choice(["cut", "taken"])))
        elif choice < 0.8:
            steps.append(ReplyRefusedError("no", "never"))
        else:
            steps.append(asyncio.Event())
    return steps


@pytest.mark.parametrize("idempotent", [False, True])
@pytest.mark.parametrize("seed", range(12))
async def test_nothing_is_sent_twice_and_nothing_is_forgotten(
    make_office: Callable[..., Any], seed: int, idempotent: bool
) -> None:
    draw = Random(seed)
    office = make_office(first_pause_us=200, longest_pause_us=500)
    office.sender.idempotent = idempotent
    gates: list[asyncio.Event] = []
    asked: list[str] = []
    for number in range(15):
        text = f"text {number}"
        office.sender.script[text] = script(draw)
        gates += [step for step in office.sender.script[text] if isinstance(step, asyncio.Event)]
        asked.append(office.ask(text, thread=str(draw.randrange(4))))
        for _ in range(draw.randrange(4)):
            await asyncio.sleep(0)
        if draw.random() < 0.3:
            await office.crash(draw.choice([None, *Instant]))
    for gate in gates:
        gate.set()
    office.log.flush()
    await office.until(lambda: all(set(office.told(one)) & set(ENDS) for one in asked))
    await office.close()
    taken = Counter(office.sender.taken)
    assert not taken or max(taken.values()) == 1
    for number, reply_id in enumerate(asked):
        told = office.told(reply_id)
        was_taken = (f"{reply_id}/0", f"text {number}") in taken
        assert sum(state in ENDS for state in told) == 1
        if told[-1] != "unknown":
            assert was_taken == (told[-1] == "sent")
