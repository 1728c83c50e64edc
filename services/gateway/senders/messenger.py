"""Messenger, and the comments of a Facebook page."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.channels.messenger import MessengerSettings
from services.gateway.domain.outbound import Part, Reply
from services.gateway.senders.attached import check_token
from services.gateway.senders.meta.conversations import Answering, Limits, deliver, plan
from services.gateway.senders.sender import Platform

_LIMITS = Limits("Messenger", text=2000, public_text=8000, replies="comments", with_metadata=True)


class MessengerSender:
    kind = "messenger"
    # Meta sends again what comes again; a message's echo tells whether it went out.
    idempotent = False

    def plan(self, reply: Reply, settings: MessengerSettings, now_us: int) -> Sequence[Part]:
        check_token(settings.access_token, "access_token")
        how = Answering(_LIMITS, "me", settings.sign, settings.human_agent, settings.private_notice)
        return plan(reply, how, now_us)

    async def send(self, part: Part, settings: MessengerSettings, platform: Platform) -> str:
        return await deliver(part, settings, platform)
