from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc
import pytest

from careline.conversation.v1 import conversation_service_pb2 as messages
from careline.conversation.v1 import conversation_service_pb2_grpc as stubs
from services.conversation.adapters.lane_state import LaneConversations
from services.conversation.domain.conversation import conversation_id_of
from services.conversation.servicer import NAME, ConversationServicer
from services.kernel.grpc_server import GrpcServer
from services.kernel.testing.harness import LaneHarness

START_US = 1_700_000_000_000_000
SECOND_US = 1_000_000

Service: TypeAlias = "stubs.ConversationServiceAsyncStub"


@pytest.fixture
async def service(lane: LaneHarness) -> AsyncIterator[Service]:
    servicer = ConversationServicer(LaneConversations(lane.core))
    server = GrpcServer(
        "127.0.0.1:0",
        [NAME],
        lambda s: stubs.add_ConversationServiceServicer_to_server(servicer, s),
    )
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield stubs.ConversationServiceStub(channel)
    finally:
        await server.stop()


async def test_a_conversation_is_told_by_its_id(
    lane: LaneHarness, events: Any, service: Service
) -> None:
    lane.feed(
        events.message("customer", 10),
        events.message("agent", 70),
        events.status("pending", 80, assignee="bo", priority="high"),
    )
    conversation_id = conversation_id_of("acme", "acme/x/1", 1)
    answer = await service.GetConversation(
        messages.GetConversationRequest(conversation_id=conversation_id)
    )
    assert answer.conversation == messages.Conversation(
        conversation_id=conversation_id,
        organisation_id="acme",
        thread_key="acme/x/1",
        brand_id="acme-air",
        channel="x",
        customer_id="cu_ann",
        status="pending",
        ordinal=1,
        opened_at_us=START_US + 10 * SECOND_US,
        first_contact_at_us=START_US + 10 * SECOND_US,
        first_reply_at_us=START_US + 70 * SECOND_US,
        contacts=1,
        replies=1,
        assignee="bo",
        priority="high",
    )


async def test_a_threads_conversations_are_listed_oldest_first(
    lane: LaneHarness, events: Any, service: Service
) -> None:
    lane.feed(
        events.message("customer", 10),
        events.status("closed", 20),
        events.message("customer", 30),
        events.message("customer", 30, thread="2"),
    )
    answer = await service.ListThread(
        messages.ListThreadRequest(organisation_id="acme", thread_key="acme/x/1")
    )
    assert [(one.ordinal, one.status) for one in answer.conversations] == [
        (1, "closed"),
        (2, "new"),
    ]


async def test_what_is_not_known_here_says_who_may_know(
    lane: LaneHarness, events: Any, service: Service
) -> None:
    lane.feed(events.message("customer", 10))
    with pytest.raises(grpc.aio.AioRpcError, match="owns partitions 0;") as unknown:
        await service.GetConversation(messages.GetConversationRequest(conversation_id="cv_x"))
    assert unknown.value.code() == grpc.StatusCode.NOT_FOUND
    for organisation, thread in (("acme", "acme/x/9"), ("other", "acme/x/1")):
        with pytest.raises(grpc.aio.AioRpcError, match=r"partition \d") as unknown:
            await service.ListThread(
                messages.ListThreadRequest(organisation_id=organisation, thread_key=thread)
            )
        assert unknown.value.code() == grpc.StatusCode.NOT_FOUND


async def test_an_empty_question_is_refused(service: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="conversation_id is empty"):
        await service.GetConversation(messages.GetConversationRequest())
    with pytest.raises(grpc.aio.AioRpcError, match="thread_key is empty") as refused:
        await service.ListThread(messages.ListThreadRequest(organisation_id="acme"))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
