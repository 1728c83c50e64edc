"""Answers over a view: computed once for all who ask the same of the same cells."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from careline.kpi.v1 import kpi_service_pb2 as messages
from services.kpi.domain.definitions import Catalogue
from services.kpi.domain.query import stepwise
from services.kpi.ports import CellView, Stamp
from services.kpi.questions import request_of, response_of

_KEPT = 64


class ViewIncompleteError(RuntimeError):
    """The view has not yet read all that was written before it began."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and what the view showed when it was computed."""

    response: messages.QueryResponse
    stamp: Stamp


class Answers:
    def __init__(self, view: CellView, catalogue: Catalogue) -> None:
        self._view = view
        self._catalogue = catalogue
        self._asked: OrderedDict[bytes, tuple[int, asyncio.Task[Answered]]] = OrderedDict()
        # How often an answer was computed, rather than shared.
        self.computed = 0

    async def answer(self, query: messages.QueryRequest) -> Answered:
        """Answer from the cells as they are now.

        Raises `UnknownKpiError` and `QueryError` with the domain's message, and
        `ViewIncompleteError` while the view is being read.
        """
        if not self._view.is_complete:
            raise ViewIncompleteError(
                "this replica is still reading its cells; ask again in a moment, or ask another"
            )
        key = query.SerializeToString(deterministic=True)
        version = self._view.stamp.version
        known = self._asked.pop(key, None)
        if known is None or known[0] != version:
            known = version, asyncio.create_task(self._compute(query))
            known[1].add_done_callback(_look_at_error)
        self._asked[key] = known
        if len(self._asked) > _KEPT:
            self._asked.popitem(last=False)
        # One asker may leave while others still wait for the same answer.
        return await asyncio.shield(known[1])

    async def _compute(self, query: messages.QueryRequest) -> Answered:
        self.computed += 1
        async with self._view.reading() as index:
            stamp = self._view.stamp
            steps = stepwise(index, request_of(query), self._catalogue)
            while True:
                try:
                    next(steps)
                except StopIteration as stopped:
                    answer = stopped.value
                    break
                await asyncio.sleep(0)
        return Answered(await response_of(answer), stamp)


def _look_at_error(task: asyncio.Task[Answered]) -> None:
    """Keep asyncio from reporting an error whose askers have all left."""
    if not task.cancelled():
        task.exception()
