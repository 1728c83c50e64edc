"""``GatewayService``: which channels are connected, and what came of them."""

from __future__ import annotations

import grpc

from careline.gateway.v1 import gateway_service_pb2 as messages
from careline.gateway.v1 import gateway_service_pb2_grpc as stubs
from services.gateway.channels.registry import CHANNELS
from services.gateway.domain.account import Accounts
from services.gateway.handlers import RequestIntake

NAME = "careline.gateway.v1.GatewayService"

_PATHS = {channel.kind: channel.path for channel in CHANNELS}


class GatewayServicer(stubs.GatewayServiceServicer):
    def __init__(self, accounts: Accounts, intake: RequestIntake) -> None:
        self._accounts = accounts
        self._intake = intake

    async def ListChannels(  # noqa: N802  # the method's name in the contract
        self,
        request: messages.ListChannelsRequest,
        context: grpc.aio.ServicerContext[
            messages.ListChannelsRequest, messages.ListChannelsResponse
        ],
    ) -> messages.ListChannelsResponse:
        _ = request, context
        listed = []
        for account in self._accounts:
            tally = self._intake.tally(account)
            listed.append(
                messages.Channel(
                    channel=account.channel,
                    path=f"{_PATHS[account.channel]}/{account.organisation}/{account.account}",
                    accepted=tally.accepted,
                    refused=tally.refused,
                )
            )
        return messages.ListChannelsResponse(channels=listed)
