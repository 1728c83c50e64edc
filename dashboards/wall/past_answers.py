"""Answers about past moments: asked when a screen asks, and shared by all that ask the same."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

import structlog

from dashboards.wall.feed import State
from dashboards.wall.kpi_client import TROUBLE, KpiClient, describe
from dashboards.wall.view import Source, ranges
from services.kernel.clock import Clock

log = structlog.get_logger(__name__)

_KEPT = 32
_SECOND_US = 1_000_000


@dataclass(slots=True)
class _Answer:
    state: State
    asked_us: int
    question: asyncio.Task[None]


class PastAnswers:
    """
    The latest answers by question; for the loop's thread.

    A past moment's figures still change while old records arrive, so that they are asked for anew
    every few seconds, but only as long as somebody looks.
    """

    def __init__(self, client: KpiClient, clock: Clock, tasks: asyncio.TaskGroup) -> None:
        self._client = client
        self._clock = clock
        self._tasks = tasks
        self._answers: OrderedDict[Source, _Answer] = OrderedDict()

    async def state(self, source: Source) -> State:
        answer = self._answers.get(source)
        now_us = self._clock.now_us()
        if answer is None or self._is_due(answer, now_us):
            state = State() if answer is None else answer.state
            answer = _Answer(state, now_us, self._tasks.create_task(self._ask(source)))
            self._answers[source] = answer
            self._forget_oldest()
        self._answers.move_to_end(source)
        await asyncio.wait([answer.question], timeout=self._client.pace.first_answer)
        return answer.state

    def cancel(self) -> None:
        for answer in self._answers.values():
            answer.question.cancel()

    def _is_due(self, answer: _Answer, now_us: int) -> bool:
        elapsed_us = abs(now_us - answer.asked_us)
        return answer.question.done() and (
            elapsed_us >= self._client.pace.past_refresh * _SECOND_US
        )

    async def _ask(self, source: Source) -> None:
        limits = ranges(source, self._clock.now_us())
        try:
            figures = await self._client.past_figures(source, limits)
        except TROUBLE as trouble:
            log.warning("no answer about the past", at_us=source.at_us, trouble=describe(trouble))
            return
        answer = self._answers[source]
        known = answer.state.figures
        kept = known if known == figures else figures
        answer.state = State(kept, contact_us=self._clock.now_us())

    def _forget_oldest(self) -> None:
        if len(self._answers) > _KEPT:
            _, forgotten = self._answers.popitem(last=False)
            forgotten.question.cancel()
