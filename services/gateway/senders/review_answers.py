"""What the app stores have in common: one public answer a review, sent with a token that ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.gateway.domain.outbound import Part, Reply
from services.gateway.senders.public_answers import refuse_empty, with_choices, with_links
from services.gateway.senders.sender import Platform, PlatformAnswer
from services.gateway.senders.splitting import signed, split

_UNAUTHORISED = 401


def review_part(reply: Reply, sign: str, limit: int) -> Part:
    """Return the answer as the one part that a store takes. Raise ``ReplyRefusedError``."""
    words = with_links(reply.text, reply.attachments)
    refuse_empty(words)
    [text] = split(signed(with_choices(words, reply), reply, sign), limit, most=1)
    return Part(f"{reply.reply_id}:0", text, {"review": reply.thread_id})


async def post_with_token(
    platform: Platform, token_name: str, post: Callable[[], Awaitable[PlatformAnswer]]
) -> PlatformAnswer:
    """Post; once more with a new token where the store no longer takes the one at hand."""
    answer = await post()
    if answer.status == _UNAUTHORISED:
        platform.forget_token(token_name)
        answer = await post()
    return answer
