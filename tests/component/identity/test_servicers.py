"""``IdentityService`` over a real channel, as either process answers it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import grpc
import pytest

from careline.event.v1.event_pb2 import Event, Message
from careline.identity.v1 import identity_service_pb2 as messages
from careline.identity.v1 import identity_service_pb2_grpc as stubs
from careline.identity.v1.assignment_pb2 import EvidenceFound, EvidenceIdentifier, PartyAssigned
from services.identity.adapters.phone_numbers import NumberingPlans
from services.identity.domain.fingerprints import provisional_customer_id
from services.identity.handlers.assign import AssignParties
from services.identity.handlers.resolve import ResolveParties
from services.identity.servicer import NAME, AssignServicer, ResolveServicer
from services.identity.streams import assign_spec, build_assign_lane, resolve_spec
from services.kernel.grpc_server import GrpcServer
from services.kernel.testing.harness import LaneHarness

AT_US = 1_700_000_000_000_000
PLANS = NumberingPlans("CN")
Servicer = AssignServicer | ResolveServicer


@asynccontextmanager
async def client(servicer: Servicer) -> AsyncIterator[stubs.IdentityServiceAsyncStub]:
    def register(server: grpc.aio.Server) -> None:
        stubs.add_IdentityServiceServicer_to_server(servicer, server)

    server = GrpcServer("127.0.0.1:0", [NAME], register)
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield stubs.IdentityServiceStub(channel)
    finally:
        await server.stop()


def head_event(event_id: str, party: str = "") -> Event:
    return Event(
        event_id=event_id,
        organisation_id="acme",
        channel="x",
        timeline="live",
        occurred_at_us=AT_US,
        party_key=party,
    )


def assign_servicer() -> AssignServicer:
    """Partition 0 knows party a by its provisional id; partition 1 has learnt of a decision."""
    harness = LaneHarness(assign_spec(), AssignParties, partitions=(0, 1))
    written = head_event("1", "a")
    written.message.CopyFrom(Message(text="hello"))
    answer = head_event("2")
    answer.party_assigned.CopyFrom(PartyAssigned(party_key="a", customer_id="cu_z", version=1))
    alone = head_event("3", "b")
    harness.feed(written, alone, partition=0)
    harness.feed(answer, partition=1)
    return AssignServicer(harness.core)


def resolve_servicer() -> ResolveServicer:
    """Parties a and b are one customer; c is alone."""
    harness = LaneHarness(resolve_spec(PLANS), lambda: ResolveParties(PLANS))
    for party, phone in (("a", "13912345621"), ("b", "13912345621"), ("c", "13912345699")):
        event = head_event(f"evidence/{party}")
        event.evidence_found.CopyFrom(
            EvidenceFound(
                party_key=party,
                provisional_customer_id=f"cu_{party}",
                display_name=party.upper(),
                identifiers=[EvidenceIdentifier(kind="phone", value=phone)],
            )
        )
        harness.feed(event)
    harness.flush()
    harness.start()  # answers come from restored state
    return ResolveServicer(harness.core)


async def refusal(
    servicer: Servicer, request: messages.ResolveRequest | messages.GetCustomerRequest
) -> tuple[grpc.StatusCode, str]:
    async with client(servicer) as stub:
        call = (
            stub.Resolve(request)
            if isinstance(request, messages.ResolveRequest)
            else stub.GetCustomer(request)
        )
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
    return refused.value.code(), refused.value.details() or ""


async def test_the_assign_lane_resolves_to_the_newest_decision_of_its_partitions() -> None:
    async with client(assign_servicer()) as stub:
        request = messages.ResolveRequest(organisation_id="acme", party_key="a")
        answer = await stub.Resolve(request)
    assert answer == messages.ResolveResponse(customer_id="cu_z", provisional=False)


async def test_the_assign_lane_says_that_a_customer_is_provisional() -> None:
    async with client(assign_servicer()) as stub:
        request = messages.ResolveRequest(organisation_id="acme", party_key="b")
        answer = await stub.Resolve(request)
    expected = provisional_customer_id("acme", "b")
    assert answer == messages.ResolveResponse(customer_id=expected, provisional=True)


async def test_the_assign_lane_names_the_process_that_knows_customers() -> None:
    code, details = await refusal(
        assign_servicer(), messages.GetCustomerRequest(organisation_id="acme", customer_id="cu_a")
    )
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "python -m services.identity resolve" in details


async def test_the_resolver_resolves_a_merged_party_to_the_survivor() -> None:
    async with client(resolve_servicer()) as stub:
        merged = await stub.Resolve(messages.ResolveRequest(organisation_id="acme", party_key="b"))
        alone = await stub.Resolve(messages.ResolveRequest(organisation_id="acme", party_key="c"))
    assert merged == messages.ResolveResponse(customer_id="cu_a", provisional=False)
    assert alone == messages.ResolveResponse(customer_id="cu_c", provisional=True)


@pytest.mark.parametrize("asked", ["cu_a", "cu_b"])
async def test_a_merged_id_answers_as_the_survivor(asked: str) -> None:
    async with client(resolve_servicer()) as stub:
        answer = await stub.GetCustomer(
            messages.GetCustomerRequest(organisation_id="acme", customer_id=asked)
        )
    reason = "same phone ending …21"
    assert answer == messages.GetCustomerResponse(
        customer_id="cu_a",
        parties=[
            messages.Party(party_key="a", channel="x", display_name="A", reason=reason),
            messages.Party(party_key="b", channel="x", display_name="B", reason=reason),
        ],
        merged_customer_ids=["cu_b"],
    )


@pytest.mark.parametrize("servicer", [assign_servicer, resolve_servicer])
async def test_an_unknown_party_is_not_found(servicer: Callable[[], Servicer]) -> None:
    request = messages.ResolveRequest(organisation_id="zen", party_key="a")
    code, details = await refusal(servicer(), request)
    assert code is grpc.StatusCode.NOT_FOUND
    assert "organisation 'zen' has no party 'a' in the partitions that this process" in details


async def test_an_unknown_customer_is_not_found() -> None:
    code, details = await refusal(
        resolve_servicer(), messages.GetCustomerRequest(organisation_id="acme", customer_id="cu_x")
    )
    assert code is grpc.StatusCode.NOT_FOUND
    assert "has no customer 'cu_x'" in details


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (messages.ResolveRequest(party_key="a"), "organisation_id"),
        (messages.ResolveRequest(organisation_id="acme"), "party_key"),
        (messages.GetCustomerRequest(customer_id="cu_a"), "organisation_id"),
        (messages.GetCustomerRequest(organisation_id="acme"), "customer_id"),
    ],
)
async def test_an_empty_field_is_refused_by_name(
    request_: messages.ResolveRequest | messages.GetCustomerRequest, name: str
) -> None:
    code, details = await refusal(resolve_servicer(), request_)
    assert (code, details) == (grpc.StatusCode.INVALID_ARGUMENT, f"{name} is empty")


async def test_a_lane_without_partitions_asks_to_try_again() -> None:
    code, details = await refusal(
        AssignServicer(build_assign_lane()),
        messages.ResolveRequest(organisation_id="acme", party_key="a"),
    )
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "identity.assign owns no partition yet" in details
