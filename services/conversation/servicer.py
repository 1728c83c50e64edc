"""``ConversationService``: proto in, proto out; no rules here."""

from __future__ import annotations

from typing import Any, NoReturn

import grpc

from careline.conversation.v1 import conversation_service_pb2 as messages
from careline.conversation.v1 import conversation_service_pb2_grpc as stubs
from services.conversation.domain.conversation import Conversation
from services.conversation.ports import ConversationReader

NAME = "careline.conversation.v1.ConversationService"


class ConversationServicer(stubs.ConversationServiceServicer):
    def __init__(self, conversations: ConversationReader) -> None:
        self._conversations = conversations

    async def GetConversation(  # noqa: N802  # the method's name in the contract
        self,
        request: messages.GetConversationRequest,
        context: grpc.aio.ServicerContext[
            messages.GetConversationRequest, messages.GetConversationResponse
        ],
    ) -> messages.GetConversationResponse:
        if not request.conversation_id:
            await _refuse(context, "conversation_id is empty")
        found = self._conversations.get(request.conversation_id)
        if found is None:
            await self._not_found(context, f"conversation {request.conversation_id!r}")
        return messages.GetConversationResponse(conversation=_message(found))

    async def ListThread(  # noqa: N802  # the method's name in the contract
        self,
        request: messages.ListThreadRequest,
        context: grpc.aio.ServicerContext[messages.ListThreadRequest, messages.ListThreadResponse],
    ) -> messages.ListThreadResponse:
        if not request.organisation_id or not request.thread_key:
            await _refuse(context, "organisation_id or thread_key is empty; give both")
        found = self._conversations.of_thread(request.organisation_id, request.thread_key)
        if not found:
            partition = self._conversations.partition_of(request.thread_key)
            await self._not_found(
                context,
                f"thread {request.thread_key!r} of organisation {request.organisation_id!r} "
                f"(partition {partition})",
            )
        return messages.ListThreadResponse(conversations=[_message(one) for one in found])

    async def _not_found(self, context: grpc.aio.ServicerContext[Any, Any], what: str) -> NoReturn:
        owned = ", ".join(map(str, self._conversations.owned_partitions())) or "none"
        await context.abort(
            grpc.StatusCode.NOT_FOUND,
            f"{what} is not known here: this worker owns partitions {owned}; "
            "if it exists, the worker that owns its thread's partition answers",
        )


async def _refuse(context: grpc.aio.ServicerContext[Any, Any], why: str) -> NoReturn:
    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, why)


def _message(conversation: Conversation) -> messages.Conversation:
    return messages.Conversation(
        conversation_id=conversation.conversation_id,
        organisation_id=conversation.organisation_id,
        thread_key=conversation.thread_key,
        brand_id=conversation.brand_id,
        channel=conversation.channel,
        customer_id=conversation.customer_id,
        status=conversation.status,
        ordinal=conversation.ordinal,
        opened_at_us=conversation.opened_at_us,
        first_contact_at_us=conversation.first_contact_at_us,
        first_reply_at_us=conversation.first_response_at_us,
        contacts=conversation.contacts,
        replies=conversation.replies,
        assignee=conversation.assignee,
        priority=conversation.priority,
    )
