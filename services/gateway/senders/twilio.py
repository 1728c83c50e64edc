"""Twilio's Messages and Conversations APIs: SMS, MMS, WhatsApp over Twilio."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from services.gateway.channels.twilio.channel import TwilioSettings
from services.gateway.domain.incoming import Attachment
from services.gateway.domain.outbound import Part, Reply, ReplyRefusedError
from services.gateway.senders.attached import check_token, unsendable
from services.gateway.senders.http_answers import json_object, raise_for
from services.gateway.senders.sender import Platform
from services.gateway.senders.splitting import signed, split

# Of SMS, MMS and WhatsApp alike; Twilio cuts an SMS into segments by itself.
_TEXT_LIMIT = 1600
_MOST_MEDIA = 10
_MOST_WHATSAPP_MEDIA = 1
_WINDOW_US = 24 * 3600 * 1_000_000
_TEMPLATE = "HX"
_CONVERSATION = "CH"
_WHATSAPP = "whatsapp:"
_FORM = "application/x-www-form-urlencoded"

_Fields = dict[str, object]


class TwilioSender:
    """Not idempotent: Twilio sends again what it is asked again."""

    kind = "twilio"
    idempotent = False

    def plan(self, reply: Reply, settings: TwilioSettings, now_us: int) -> Sequence[Part]:
        check_token(settings.account_sid, "account_sid")
        to = reply.thread_id
        if reply.template is not None:
            return [_part(reply, 0, "", _template(reply, settings))]
        if to.startswith(_WHATSAPP) and now_us - reply.last_customer_at_us > _WINDOW_US:
            raise ReplyRefusedError(
                "window_closed",
                "WhatsApp takes a free text for 24 hours after the customer wrote",
                "send an approved template: its content SID is the template's name",
            )
        texts = split(_with_choices(reply, settings), _TEXT_LIMIT)
        media = [_address(one) for one in reply.attachments]
        if not texts and not media:
            raise ReplyRefusedError("empty", "the reply says nothing", "write a text")
        return [
            _part(reply, index, text, _message(reply, settings, text, urls))
            for index, (text, urls) in enumerate(_calls(texts, media, to))
        ]

    async def send(self, part: Part, settings: TwilioSettings, platform: Platform) -> str:
        url, fields = _request(part.payload, settings)
        headers = {"authorization": _credentials(settings), "content-type": _FORM}
        body = urlencode(fields, doseq=True).encode()
        answer = await platform.request("POST", url, headers=headers, body=body)
        said = json_object(answer)
        code, reason = said.get("code"), said.get("message")
        raise_for(
            answer,
            code=str(code) if isinstance(code, int) else "",
            reason=reason if isinstance(reason, str) else "",
        )
        sid = said.get("sid")
        return sid if isinstance(sid, str) else ""


def _part(reply: Reply, index: int, text: str, payload: Mapping[str, object]) -> Part:
    return Part(f"{reply.reply_id}:{index}", text, payload)


def _calls(texts: list[str], media: list[str], to: str) -> list[tuple[str, list[str]]]:
    """Put the media with the texts, as many as one message of the channel holds."""
    most = _MOST_WHATSAPP_MEDIA if to.startswith((_WHATSAPP, _CONVERSATION)) else _MOST_MEDIA
    groups = [media[start : start + most] for start in range(0, len(media), most)]
    words = texts[-1:] if groups else []
    calls: list[tuple[str, list[str]]] = [(text, []) for text in texts[: len(texts) - len(words)]]
    calls += [("".join(words) if index == 0 else "", urls) for index, urls in enumerate(groups)]
    return calls


def _with_choices(reply: Reply, settings: TwilioSettings) -> str:
    """Return the text with what can be answered below it: a text message has no buttons."""
    text = signed(reply.text.strip(), reply, settings.sign)
    titles = [f"{number}. {title}" for number, (title, _) in enumerate(reply.quick_replies, 1)]
    return "\n".join(filter(None, (text, *titles)))


def _address(attachment: Attachment) -> str:
    if not attachment.url.startswith(("https://", "http://")):
        raise unsendable(attachment)
    return attachment.url


def _template(reply: Reply, settings: TwilioSettings) -> _Fields:
    name, _, parameters = reply.template or ("", "", ())
    if not name.startswith(_TEMPLATE):
        raise ReplyRefusedError(
            "unknown_template",
            f"{name!r} is no content template of Twilio's",
            f"name it by its content SID, which begins with {_TEMPLATE}",
        )
    fields = _message(reply, settings, "", [])
    fields["ContentSid"] = name
    if parameters:
        variables = {str(number): value for number, value in enumerate(parameters, 1)}
        fields["ContentVariables"] = json.dumps(variables, ensure_ascii=False)
    return fields


def _message(reply: Reply, settings: TwilioSettings, text: str, media: list[str]) -> _Fields:
    fields: _Fields = {"Body": text} if text else {}
    if reply.thread_id.startswith(_CONVERSATION):
        if media:
            raise ReplyRefusedError(
                "attachment_unsendable",
                "a conversation takes only files that were uploaded to it",
                "put the file's link into the text",
            )
        return fields | {"Conversation": reply.thread_id, "Author": reply.agent_name or "agent"}
    fields |= {"To": reply.thread_id, **_from(reply, settings)}
    if media:
        fields["MediaUrl"] = media
    if settings.status_callback:
        fields["StatusCallback"] = settings.status_callback
    return fields


def _from(reply: Reply, settings: TwilioSettings) -> _Fields:
    """Answer from the number that the customer wrote to, else from the account's."""
    own = reply.reply_address or settings.from_address
    if not own and settings.messaging_service_sid:
        return {"MessagingServiceSid": settings.messaging_service_sid}
    if not own:
        raise ReplyRefusedError(
            "no_sender",
            "nothing says from which number to answer",
            "set from_address or messaging_service_sid in the account's settings",
        )
    if reply.thread_id.startswith(_WHATSAPP) and not own.startswith(_WHATSAPP):
        own = _WHATSAPP + own
    return {"From": own}


def _request(payload: Mapping[str, object], settings: TwilioSettings) -> tuple[str, _Fields]:
    fields = dict(payload)
    conversation = fields.pop("Conversation", None)
    if isinstance(conversation, str):
        base = settings.conversations_base.rstrip("/")
        return f"{base}/v1/Conversations/{quote(conversation, safe='')}/Messages", fields
    base, account = settings.api_base.rstrip("/"), quote(settings.account_sid, safe="")
    return f"{base}/2010-04-01/Accounts/{account}/Messages.json", fields


def _credentials(settings: TwilioSettings) -> str:
    user, password = settings.account_sid, settings.auth_token
    if settings.api_key_sid:
        user, password = settings.api_key_sid, settings.api_key_secret
    elif not password and settings.secrets:
        password = settings.secrets[0]
    check_token(password, "auth_token")
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
