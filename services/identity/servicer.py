"""``IdentityService``, answered by either lane's process from the state that it owns."""

from __future__ import annotations

from typing import NoReturn

import grpc

from careline.identity.v1 import identity_service_pb2 as messages
from careline.identity.v1 import identity_service_pb2_grpc as stubs
from services.identity.domain.parties import Party
from services.identity.handlers.assign import PARTIES, party_id
from services.identity.handlers.resolve import GRAPH_CUSTOMERS, GRAPH_PARTIES, customer_key
from services.kernel.lane.core import LaneCore

NAME = "careline.identity.v1.IdentityService"

ResolveContext = grpc.aio.ServicerContext[messages.ResolveRequest, messages.ResolveResponse]
GetCustomerContext = grpc.aio.ServicerContext[
    messages.GetCustomerRequest, messages.GetCustomerResponse
]


class AssignServicer(stubs.IdentityServiceServicer):
    """Knows each party's customer, not a customer's parties."""

    def __init__(self, core: LaneCore) -> None:
        self._core = core

    async def Resolve(  # noqa: N802  # the method's name in the contract
        self, request: messages.ResolveRequest, context: ResolveContext
    ) -> messages.ResolveResponse:
        await _check_party(request, self._core, context)
        key = party_id(request.organisation_id, request.party_key)
        # Partitions learn of a decision one after the other: the newest is the answer.
        known = [party for table in self._core.tables(PARTIES) if (party := table.get(key))]
        if not known:
            await _abort_unknown_party(request, self._core, context)
        newest = max(known, key=lambda party: party.version)
        return messages.ResolveResponse(
            customer_id=newest.customer_id, provisional=newest.provisional
        )

    async def GetCustomer(  # noqa: N802
        self, request: messages.GetCustomerRequest, context: GetCustomerContext
    ) -> messages.GetCustomerResponse:
        del request
        await context.abort(
            grpc.StatusCode.FAILED_PRECONDITION,
            "the assign lane knows a party's customer, not a customer's parties: ask the resolver "
            "(python -m services.identity resolve)",
        )


class ResolveServicer(stubs.IdentityServiceServicer):
    """Knows the whole graph of the organisations it owns."""

    def __init__(self, core: LaneCore) -> None:
        self._core = core

    async def Resolve(  # noqa: N802
        self, request: messages.ResolveRequest, context: ResolveContext
    ) -> messages.ResolveResponse:
        await _check_party(request, self._core, context)
        party = self._party(request.organisation_id, request.party_key)
        if party is None:
            await _abort_unknown_party(request, self._core, context)
        return messages.ResolveResponse(
            customer_id=party.customer_id, provisional=party.version == 0
        )

    async def GetCustomer(  # noqa: N802
        self, request: messages.GetCustomerRequest, context: GetCustomerContext
    ) -> messages.GetCustomerResponse:
        await _check_field("organisation_id", request.organisation_id, context)
        await _check_field("customer_id", request.customer_id, context)
        await _check_assigned(self._core, context)
        organisation_id = request.organisation_id
        key = customer_key(organisation_id, request.customer_id)
        asked = self._core.find(GRAPH_CUSTOMERS, key)
        if asked is None:
            await context.abort(
                grpc.StatusCode.NOT_FOUND,
                f"organisation {organisation_id!r} has no customer {request.customer_id!r} in the "
                f"partitions that this process owns ({_owned(self._core)})",
            )
        customer_id = self._known_party(organisation_id, asked.born_with).customer_id
        customer = self._core.find(GRAPH_CUSTOMERS, customer_key(organisation_id, customer_id))
        assert customer is not None, customer_id
        parties = [self._known_party(organisation_id, key) for key in customer.party_keys]
        return messages.GetCustomerResponse(
            customer_id=customer_id,
            parties=[
                messages.Party(
                    party_key=party.party_key,
                    channel=party.channel,
                    display_name=party.display_name,
                    reason=party.reason,
                )
                for party in parties
            ],
            merged_customer_ids=[
                party.provisional_customer_id
                for party in parties
                if party.provisional_customer_id != customer_id
            ],
        )

    def _party(self, organisation_id: str, party_key: str) -> Party | None:
        return self._core.find(GRAPH_PARTIES, party_id(organisation_id, party_key))

    def _known_party(self, organisation_id: str, party_key: str) -> Party:
        party = self._party(organisation_id, party_key)
        assert party is not None, party_key
        return party


async def _check_party(
    request: messages.ResolveRequest, core: LaneCore, context: ResolveContext
) -> None:
    await _check_field("organisation_id", request.organisation_id, context)
    await _check_field("party_key", request.party_key, context)
    await _check_assigned(core, context)


async def _abort_unknown_party(
    request: messages.ResolveRequest, core: LaneCore, context: ResolveContext
) -> NoReturn:
    await context.abort(
        grpc.StatusCode.NOT_FOUND,
        f"organisation {request.organisation_id!r} has no party {request.party_key!r} in the "
        f"partitions that this process owns ({_owned(core)})",
    )


async def _check_field(name: str, value: str, context: ResolveContext | GetCustomerContext) -> None:
    if not value:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{name} is empty")


async def _check_assigned(core: LaneCore, context: ResolveContext | GetCustomerContext) -> None:
    if not core.partitions:
        await context.abort(
            grpc.StatusCode.UNAVAILABLE,
            f"lane {core.spec.name} owns no partition yet; try again in a moment",
        )


def _owned(core: LaneCore) -> str:
    return f"{', '.join(map(str, core.partitions))} of {core.partitions_total}"
