"""Attachments that a platform shows as what they are, and those that can only be linked to."""

from __future__ import annotations

from collections.abc import Iterable

from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Reply, ReplyRefusedError


def with_links(text: str, attachments: Iterable[Attachment]) -> str:
    """Return the text with the attachments' addresses below it."""
    return "\n".join([*filter(None, (text,)), *(link(one) for one in attachments)])


def link(attachment: Attachment) -> str:
    if not attachment.url:
        raise unsendable(attachment)
    return f"{attachment.name}: {attachment.url}" if attachment.name else attachment.url


def unsendable(attachment: Attachment) -> ReplyRefusedError:
    return ReplyRefusedError(
        "attachment_unsendable",
        f"the channel cannot send this {attachment.kind}: it has no address to fetch it from",
        "give the attachment an https address",
    )


def check_sayable(reply: Reply) -> None:
    """Refuse what says nothing, and a template where the platform has none."""
    if reply.template is not None and not reply.text.strip():
        raise ReplyRefusedError(
            "no_templates", "the channel knows no approved templates", "write the text itself"
        )
    if not (reply.text.strip() or reply.attachments):
        raise ReplyRefusedError("empty", "the reply says nothing", "write a text or attach a file")


def check_token(token: str, name: str) -> None:
    if not token:
        raise ReplyRefusedError(
            f"no_{name}",
            f"the account has no {name} to send with",
            f"set {name} in the account's settings",
        )
