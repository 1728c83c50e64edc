"""``KpiService``: proto in, proto out; no rules here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, NoReturn

import grpc

from careline.kpi.v1 import kpi_service_pb2 as messages
from careline.kpi.v1 import kpi_service_pb2_grpc as stubs
from services.kpi.answers import Answers, ViewIncompleteError
from services.kpi.domain.definitions import Catalogue, UnknownKpiError
from services.kpi.domain.query import QueryError
from services.kpi.feeds import Feeds
from services.kpi.ports import CellView
from services.kpi.questions import definition_of

NAME = "careline.kpi.v1.KpiService"

_REFUSALS = (UnknownKpiError, QueryError, ViewIncompleteError)


class KpiServicer(stubs.KpiServiceServicer):
    def __init__(
        self, view: CellView, answers: Answers, feeds: Feeds, catalogue: Catalogue
    ) -> None:
        self._view = view
        self._answers = answers
        self._feeds = feeds
        self._catalogue = catalogue

    async def Query(  # noqa: N802  # the method's name in the contract
        self,
        request: messages.QueryRequest,
        context: grpc.aio.ServicerContext[messages.QueryRequest, messages.QueryResponse],
    ) -> messages.QueryResponse:
        try:
            return (await self._answers.answer(request)).response
        except _REFUSALS as error:
            await _refuse(context, error)

    async def Watch(  # noqa: N802
        self,
        request: messages.WatchRequest,
        context: grpc.aio.ServicerContext[messages.WatchRequest, messages.WatchResponse],
    ) -> AsyncIterator[messages.WatchResponse]:
        try:
            # Closed here, so that a feed ends with its last watcher and not with a later clean-up.
            async with aclosing(self._feeds.watch(request)) as responses:
                async for response in responses:
                    yield response
        except _REFUSALS as error:
            await _refuse(context, error)

    async def ListDefinitions(  # noqa: N802
        self,
        request: messages.ListDefinitionsRequest,  # noqa: ARG002
        context: grpc.aio.ServicerContext[  # noqa: ARG002
            messages.ListDefinitionsRequest, messages.ListDefinitionsResponse
        ],
    ) -> messages.ListDefinitionsResponse:
        return messages.ListDefinitionsResponse(definitions=map(definition_of, self._catalogue))

    async def GetRun(  # noqa: N802
        self,
        request: messages.GetRunRequest,
        context: grpc.aio.ServicerContext[messages.GetRunRequest, messages.GetRunResponse],
    ) -> messages.GetRunResponse:
        if not request.run_id:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "run_id is empty")
        ends = self._view.run_ends(request.run_id)
        return messages.GetRunResponse(
            partitions_done=sorted(ends),
            accepted=sum(end.accepted for end in ends.values()),
            duplicates=sum(end.duplicates for end in ends.values()),
            partitions_total=self._view.partitions_total,
        )


async def _refuse(context: grpc.aio.ServicerContext[Any, Any], error: Exception) -> NoReturn:
    is_early = isinstance(error, ViewIncompleteError)
    code = grpc.StatusCode.UNAVAILABLE if is_early else grpc.StatusCode.INVALID_ARGUMENT
    await context.abort(code, str(error))
