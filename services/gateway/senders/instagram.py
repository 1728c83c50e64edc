"""Instagram's direct messages, and the comments below its posts."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.channels.instagram import InstagramSettings
from services.gateway.domain.outbound import Part, Reply
from services.gateway.senders.attached import check_token
from services.gateway.senders.meta.conversations import Answering, Limits, deliver, plan
from services.gateway.senders.sender import Platform
from services.gateway.senders.splitting import utf8_length

_LIMITS = Limits("Instagram", text=1000, public_text=2200, replies="replies", measure=utf8_length)


class InstagramSender:
    kind = "instagram"
    idempotent = False

    def plan(self, reply: Reply, settings: InstagramSettings, now_us: int) -> Sequence[Part]:
        check_token(settings.access_token, "access_token")
        how = Answering(
            _LIMITS,
            settings.account_id,
            settings.sign,
            settings.human_agent,
            settings.private_notice,
        )
        return plan(reply, how, now_us)

    async def send(self, part: Part, settings: InstagramSettings, platform: Platform) -> str:
        return await deliver(part, settings, platform)
