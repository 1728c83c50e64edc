"""Replies by mail, in the thread of the customer's own."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from services.gateway.channels.mail import threads
from services.gateway.channels.mail.composing import Enclosure, Outgoing, compose
from services.gateway.channels.mail.oauth import TokenError, read_token
from services.gateway.channels.mail.settings import MailSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError, TryLaterError
from services.gateway.senders.http_answers import raise_for
from services.gateway.senders.sender import AccessToken, Platform
from services.gateway.senders.splitting import signed

_LONGEST_TEXT = 512 * 1024
_MOST_REFERENCES = 15
_TOKEN = "mail"  # noqa: S105  # a token's name
_NOT_LET_IN = "smtp_535"
_ANSWERING = re.compile(
    r"(?:re|aw|sv|antw|odp|回复|回覆|答复|答覆|返信)\s{0,3}(?:\[\d{1,3}\]|\(\d{1,3}\))?\s{0,3}[:：]",
    re.IGNORECASE,
)


class MailSender:
    """``plan`` puts into a part all that the mail needs, so that a second try is the same mail.

    Its Message-ID follows from the part's key. Mail servers deliver a mail that is submitted twice
    twice, though many mailboxes then show it once; hence not idempotent.
    """

    kind = "mail"
    idempotent = False

    def plan(self, reply: Reply, settings: MailSettings, now_us: int) -> Sequence[Part]:
        _ = now_us  # a mail can be answered at any time
        if not settings.submission:
            raise ReplyRefusedError(
                "not_configured",
                "the account has no server to submit mail to",
                "set submission, for example smtps://user:password@host:465",
            )
        if reply.template is not None:
            raise ReplyRefusedError(
                "no_templates", "mail has no templates to approve", "write the text itself"
            )
        address = _address(reply)
        text = signed(_with_choices(reply), reply, settings.sign)
        if not text and not reply.attachments:
            raise ReplyRefusedError(
                "empty", "the reply says nothing", "write a text or attach a file"
            )
        _check_size(reply, text, settings)
        key = f"{reply.reply_id}:0"
        return [Part(key, text, _payload(reply, address, key, settings))]

    async def send(self, part: Part, settings: MailSettings, platform: Platform) -> str:
        payload = part.payload
        outgoing = Outgoing(
            message_id=str(payload["message_id"]),
            sender=settings.address,
            sender_name=settings.name,
            recipient=str(payload["to"]),
            recipient_name=str(payload["name"]),
            subject=str(payload["subject"]),
            text=part.text,
            references=_texts(payload["references"]),
            thread_id=str(payload["thread_id"]),
            automatic=bool(payload["automatic"]),
            written_at_us=platform.now_us(),
            enclosures=tuple([await _enclosure(one, platform) for one in _list(payload)]),
        )
        # Nobody is told that an acknowledgement did not arrive: no two machines talk (RFC 3834).
        envelope_sender = "" if payload["unreturned"] else settings.address
        message, recipients = compose(outgoing), [outgoing.recipient]
        server = await _server(settings, platform)
        try:
            await platform.submit_mail(server, message, envelope_sender, recipients)
        except ReplyRefusedError as error:
            if settings.oauth is None or error.code != _NOT_LET_IN:
                raise
            platform.forget_token(_TOKEN)
            server = await _server(settings, platform)
            await platform.submit_mail(server, message, envelope_sender, recipients)
        return outgoing.message_id


async def _server(settings: MailSettings, platform: Platform) -> str:
    """Return the server's address, with an access token for the password where it wants one."""
    oauth = settings.oauth
    if oauth is None:
        return settings.submission

    async def fetch() -> AccessToken:
        answer = await platform.request("POST", oauth.token_url, form=oauth.form)
        try:
            return AccessToken(*read_token(answer.status, answer.body, platform.now_us()))
        except TokenError as error:
            raise TryLaterError(str(error)) from error

    token = quote(await platform.token(_TOKEN, fetch), safe="")
    parts = urlsplit(settings.submission)
    user = parts.username or quote(settings.address, safe="")
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}+xoauth2://{user}:{token}@{place}"


def _address(reply: Reply) -> dict[str, object]:
    """Read what ``parse`` left as the reply address; a bare address will do."""
    try:
        found = json.loads(reply.reply_address)
    except ValueError:
        found = {"to": reply.reply_address.strip()}
    if not isinstance(found, dict):
        found = {}
    if "@" not in str(found.get("to", "")):
        raise ReplyRefusedError(
            "no_address", "the mail that is answered names no sender", "write elsewhere"
        )
    if reply.automatic and found.get("automatic"):
        raise ReplyRefusedError(
            "automatic", "a machine wrote; it must not get an automatic answer", "answer in person"
        )
    return found


def _with_choices(reply: Reply) -> str:
    """Return the text with quick replies written out: mail has no buttons."""
    choices = "\n".join(f"- {title}" for title, _ in reply.quick_replies)
    return "\n\n".join(filter(None, (reply.text.strip(), choices)))


def _check_size(reply: Reply, text: str, settings: MailSettings) -> None:
    if len(text.encode(errors="replace")) > _LONGEST_TEXT:
        raise ReplyRefusedError(
            "too_long", f"the text has more than {_LONGEST_TEXT} bytes", "send it as a file"
        )
    # In base64 three bytes are four.
    size = sum(max(one.size_bytes, len(one.content)) for one in reply.attachments) * 4 // 3
    if size > settings.largest_bytes:
        raise ReplyRefusedError(
            "too_large",
            f"the files have {size} bytes as a mail; at most {settings.largest_bytes} are allowed",
            "send a link to them",
        )
    for one in reply.attachments:
        if not one.content and not one.url.startswith("https://"):
            raise ReplyRefusedError(
                "no_content",
                f"the file {one.name!r} has neither content nor an https address",
                "attach the file itself",
            )


def _payload(
    reply: Reply, address: dict[str, object], key: str, settings: MailSettings
) -> dict[str, object]:
    thread = reply.thread_id
    domain = settings.address.rpartition("@")[2]
    answered = (
        reply.reply_to_message_id
        or str(address.get("message_id", ""))
        or reply.last_customer_message_id
    )
    references = [one for one in _texts(address.get("references")) if one != answered]
    if answered:
        references.append(answered)
    if len(references) > _MOST_REFERENCES:
        references = [references[0], *references[1 - _MOST_REFERENCES :]]
    return {
        "to": str(address["to"]),
        "name": str(address.get("name", "")),
        "subject": _subject(reply, str(address.get("subject", ""))),
        "message_id": threads.own_message_id(key, thread[: threads.LONGEST_ID], domain),
        "references": references,
        "thread_id": thread,
        "automatic": reply.automatic or reply.by_bot,
        "unreturned": reply.automatic,
        "attachments": [_written(one) for one in reply.attachments],
    }


def _subject(reply: Reply, original: str) -> str:
    subject = " ".join((reply.subject or original).split())
    if reply.subject or _ANSWERING.match(subject):
        return subject
    return f"Re: {subject}".rstrip()


def _written(one: Attachment) -> dict[str, str]:
    return {
        "name": one.name,
        "media_type": one.media_type,
        "url": "" if one.content else one.url,
        "content": b64encode(one.content).decode(),
    }


async def _enclosure(one: dict[str, str], platform: Platform) -> Enclosure:
    content = b64decode(one["content"])
    if one["url"]:
        answer = await platform.request("GET", one["url"])
        raise_for(answer, code="attachment", reason=f"the file {one['name']!r} cannot be fetched")
        content = answer.body
    return Enclosure(one["name"], one["media_type"], content)


def _list(payload: object) -> list[dict[str, str]]:
    attachments: list[dict[str, str]] = payload["attachments"]  # type: ignore[index]
    return attachments


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, (list, tuple)) else ()
