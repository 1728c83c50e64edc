"""Answers where everybody reads them, and the way from there to a private message."""

from __future__ import annotations

from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Reply, ReplyRefusedError


def with_links(text: str, attachments: tuple[Attachment, ...], shape: str = "{url}") -> str:
    """Return the text with the addresses of what is attached below it.

    ``shape`` says how one looks, of ``{url}`` and ``{name}``. Raise ``ReplyRefusedError`` for a
    file that has no public address.
    """
    links: list[str] = []
    for one in attachments:
        if not one.url.startswith("https://"):
            raise ReplyRefusedError(
                "media_unsupported",
                f"{one.name or 'a file'} has no public address, and this channel takes text alone",
                "put it where the customer can open it, and send the link",
            )
        links.append(shape.format(url=one.url, name=one.name or one.kind))
    return "\n\n".join(filter(None, (text.strip(), "\n".join(links))))


def with_choices(text: str, reply: Reply) -> str:
    """Return the text with the quick replies' titles as a list: there are no buttons here."""
    return "\n".join((text, *(f"- {title}" for title, _ in reply.quick_replies)))


def refuse_empty(text: str) -> None:
    if not text.strip():
        raise ReplyRefusedError("empty", "the answer holds no words", "write some")


def refuse_unset(*, wanted: bool, names: str) -> None:
    if not wanted:
        raise ReplyRefusedError(
            "not_configured",
            "the account's settings do not allow answers",
            f"set {names} in the accounts file",
        )


def public_from_private() -> ReplyRefusedError:
    return ReplyRefusedError(
        "not_public",
        "the customer wrote in private; what they wrote is not answered in public",
        "answer in private",
    )
