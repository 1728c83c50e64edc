"""SMS, MMS, WhatsApp and Messenger over Twilio: what customers write, and what became of ours."""

from __future__ import annotations

from services.gateway.channels.loose import Loose
from services.gateway.channels.media_types import kind_of
from services.gateway.domain.incoming import (
    Attachment,
    Identifier,
    IncomingEvent,
    Location,
    Receipt,
    ReceiptKind,
    WrittenMessage,
)

_CHANNEL = "twilio"
_MOST_MEDIA = 20
_RECEIPTS: dict[str, ReceiptKind] = {
    "sent": "sent",
    "delivered": "delivered",
    "partially_delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
_RECEIVED = ("", "receiving", "received")


def read(fields: Loose, at_us: int | None) -> list[IncomingEvent]:
    """Return nothing for what is no message."""
    message_id = fields.text("MessageSid", "SmsSid", "SmsMessageSid")
    if not message_id:
        return []
    status = fields.text("MessageStatus", "SmsStatus").lower()
    if fields.text("EventType").upper() == "READ":
        status = "read"
    if status in _RECEIPTS:
        return [_receipt(fields, message_id, status, at_us)]
    if status in _RECEIVED and fields.text("From"):
        return [_message(fields, message_id, at_us)]
    return []


def _message(fields: Loose, message_id: str, at_us: int | None) -> IncomingEvent:
    customer = fields.text("From")
    body = WrittenMessage(
        message_id=message_id,
        author_kind="customer",
        author_name=fields.text("ProfileName"),
        text=fields.text("Body") or fields.text("ButtonText", "ListTitle"),
        reply_to_message_id=fields.text("OriginalRepliedMessageSid"),
        identifiers=identifiers(customer),
        attachments=_media(fields),
        location=_location(fields),
        payload=fields.text("ButtonPayload", "ListId", "InteractiveData"),
        reply_address=fields.text("To"),
    )
    return IncomingEvent(message_id, _CHANNEL, customer, body, at_us, author_id=customer)


def _receipt(fields: Loose, message_id: str, status: str, at_us: int | None) -> IncomingEvent:
    failed = _RECEIPTS[status] == "failed"
    body = Receipt(
        kind=_RECEIPTS[status],
        message_ids=(message_id,),
        code=(fields.text("ErrorCode") or status) if failed else "",
        reason=fields.text("ErrorMessage", "ChannelStatusMessage") if failed else "",
    )
    return IncomingEvent(f"{message_id}:{status}", _CHANNEL, fields.text("To"), body, at_us)


def identifiers(address: str) -> tuple[Identifier, ...]:
    """Return the phone number that an address proves; a Messenger id is none."""
    number = address.removeprefix("whatsapp:").removeprefix("rcs:")
    if number.startswith("+") and number[1:].isascii() and number[1:].isdigit():
        return (Identifier("phone", number),)
    return ()


def _media(fields: Loose) -> tuple[Attachment, ...]:
    found = []
    for index in range(_MOST_MEDIA):
        url = fields.text(f"MediaUrl{index}")
        if not url:
            continue
        media_type = fields.text(f"MediaContentType{index}")
        found.append(
            Attachment(
                kind=kind_of(media_type),
                media_id=url.rpartition("/Media/")[2] if "/Media/" in url else "",
                url=url,
                media_type=media_type,
                name=fields.text(f"MediaFilename{index}"),
            )
        )
    return tuple(found)


def _location(fields: Loose) -> Location | None:
    latitude, longitude = fields.number("Latitude"), fields.number("Longitude")
    if latitude is None or longitude is None:
        return None
    return Location(latitude, longitude, fields.text("Label"), fields.text("Address"))
