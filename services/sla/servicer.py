"""``SlaService``: proto in, proto out; no rules here."""

from __future__ import annotations

from typing import Final

import grpc

from careline.sla.v1 import sla_service_pb2 as messages
from careline.sla.v1 import sla_service_pb2_grpc as stubs
from services.sla.domain.clock import Clock
from services.sla.ports import ClockReader

NAME: Final = "careline.sla.v1.SlaService"

DEFAULT_LIMIT: Final = 50
# The answer is made between two records of the lane, which waits for it.
MAX_LIMIT: Final = 500

_LIVE: Final = "live"


class SlaServicer(stubs.SlaServiceServicer):
    def __init__(self, clocks: ClockReader) -> None:
        self._clocks = clocks

    async def GetClocks(  # noqa: N802  # the method's name in the contract
        self,
        request: messages.GetClocksRequest,
        context: grpc.aio.ServicerContext[messages.GetClocksRequest, messages.GetClocksResponse],
    ) -> messages.GetClocksResponse:
        conversation_id = request.conversation_id
        if not conversation_id:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "conversation_id is empty")
        clocks = self._clocks.of_conversation(conversation_id)
        if clocks is None:
            owned = ", ".join(map(str, self._clocks.owned_partitions())) or "none"
            await context.abort(
                grpc.StatusCode.NOT_FOUND,
                f"conversation {conversation_id!r} has no clocks here: this worker owns partitions "
                f"{owned}; if it is not closed long since, the owner of its thread's partition "
                "answers",
            )
        return messages.GetClocksResponse(
            clocks=[_message(conversation_id, clock) for clock in clocks or ()]
        )

    async def ListAtRisk(  # noqa: N802  # the method's name in the contract
        self,
        request: messages.ListAtRiskRequest,
        context: grpc.aio.ServicerContext[messages.ListAtRiskRequest, messages.ListAtRiskResponse],
    ) -> messages.ListAtRiskResponse:
        if request.limit > MAX_LIMIT:
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"limit is {request.limit}; ask for at most {MAX_LIMIT}",
            )
        found = self._clocks.at_risk(request.timeline or _LIVE, request.limit or DEFAULT_LIMIT)
        return messages.ListAtRiskResponse(clocks=[_message(*one) for one in found])


def _message(conversation_id: str, clock: Clock) -> messages.Clock:
    return messages.Clock(
        conversation_id=conversation_id,
        clock=clock.name,
        cycle=clock.cycle,
        state=clock.state,
        due_at_us=clock.due_at_us or 0,
        target_us=clock.target_us,
        policy_id=clock.policy.policy_id,
        policy_version=clock.policy.policy_version,
    )
