"""From a request in the log to the calls that answer it: which account, sender and parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from careline.channel.v1 import content_pb2 as content
from careline.event.v1.event_pb2 import Event
from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.incoming import Attachment, AttachmentKind
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.sender import Sender

_KIND_PREFIX: Final = "ATTACHMENT_KIND_"


@dataclass(frozen=True, slots=True)
class Way:
    """A channel's way out for one account."""

    account: Account
    sender: Sender


class Planner:
    def __init__(self, accounts: Accounts, senders: Sequence[Sender]) -> None:
        self._accounts = accounts
        self._senders = {sender.kind: sender for sender in senders}

    def way(self, request: Event) -> Way:
        """Raise ``ReplyRefusedError`` where there is none."""
        sender = self._senders.get(request.channel)
        if sender is None:
            raise ReplyRefusedError(
                "no_way_out",
                f"nothing can be sent on the channel {request.channel!r}",
                "answer the customer on another channel",
            )
        account = self._accounts.find(request.channel, request.organisation_id, request.account_id)
        if account is None:
            name = f"{request.channel}/{request.organisation_id}/{request.account_id}"
            raise ReplyRefusedError(
                "unknown_account",
                f"the account {name} is not in the accounts file",
                "add the account, or answer from another one",
            )
        return Way(account, sender)

    def parts(
        self, way: Way, request: Event, now_us: int, contents: Mapping[str, bytes]
    ) -> Sequence[Part]:
        """Return one part at least. Raise ``ReplyRefusedError``.

        ``contents``: the attachments' bytes, where they are kept, by reference.
        """
        parts = way.sender.plan(reply_of(request, contents), way.account.settings, now_us)
        if not parts:
            raise ReplyRefusedError("empty", "the reply says nothing", "write a text")
        return parts


def reply_of(request: Event, contents: Mapping[str, bytes]) -> Reply:
    """Read a request; its thread is told in the channel's own words."""
    asked = request.reply_requested
    template = asked.template
    return Reply(
        reply_id=asked.reply_id,
        thread_id=request.thread_key.split("/", 2)[2],
        text=asked.text,
        reply_address=asked.reply_address,
        last_customer_message_id=asked.last_customer_message_id,
        last_customer_at_us=asked.last_customer_at_us,
        attachments=tuple(_attachment(one, contents) for one in asked.attachments),
        quick_replies=tuple((one.title, one.payload) for one in asked.quick_replies),
        template=(template.name, template.language, tuple(template.parameters))
        if asked.HasField("template")
        else None,
        reply_to_message_id=asked.reply_to_message_id,
        agent_name=asked.agent_name,
        by_bot=asked.by_bot,
        public=asked.is_public,
        automatic=asked.automatic,
        subject=asked.subject,
    )


def _attachment(one: content.Attachment, contents: Mapping[str, bytes]) -> Attachment:
    kind = content.AttachmentKind.Name(one.kind).removeprefix(_KIND_PREFIX).lower()
    return Attachment(
        kind=cast("AttachmentKind", "file" if kind == "unspecified" else kind),
        media_id=one.media_id,
        url=one.url,
        media_type=one.media_type,
        name=one.name,
        size_bytes=one.size_bytes,
        inline=one.inline,
        content=contents.get(one.blob_ref, b""),
    )
