"""``InsightService``: proto in, proto out; no rules here."""

from __future__ import annotations

import grpc

from careline.insight.v1 import insight_service_pb2 as messages
from careline.insight.v1 import insight_service_pb2_grpc as stubs
from services.insight.domain.sentiment import Lexicon
from services.insight.handlers import understand

NAME = "careline.insight.v1.InsightService"


class InsightServicer(stubs.InsightServiceServicer):
    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    async def Understand(  # noqa: N802  # the method's name in the contract
        self,
        request: messages.UnderstandRequest,
        context: grpc.aio.ServicerContext[messages.UnderstandRequest, messages.UnderstandResponse],
    ) -> messages.UnderstandResponse:
        if not request.text:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "text is empty")
        return messages.UnderstandResponse(
            understanding=understand(request.text, request.language_hint, self._lexicon)
        )
