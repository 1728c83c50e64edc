"""What a WhatsApp message says, by its type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import (
    Attachment,
    AttachmentKind,
    Identifier,
    IncomingBody,
    Location,
    MessageDeletion,
    Reaction,
    WrittenMessage,
)

_MOST_CONTACTS = 257
_MOST_PRODUCTS = 100
_LONGEST_NUMBER_TEXT = 32

_MEDIA: Mapping[str, AttachmentKind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "voice": "audio",
    "document": "file",
    "sticker": "sticker",
}


@dataclass(frozen=True, slots=True)
class Author:
    """``user_id``: the id that WhatsApp gives a user towards one business."""

    author_id: str
    name: str = ""
    user_id: str = ""
    is_business: bool = False

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        if self.is_business:
            return ()
        found = [Identifier("phone", number) for number in (e164(self.author_id),) if number]
        if self.user_id:
            found.append(Identifier("whatsapp_user_id", self.user_id))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Content:
    """What the type alone says of a message."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    location: Location | None = None
    payload: str = ""
    identifiers: tuple[Identifier, ...] = ()


def type_of(message: Fields) -> str:
    """Return the type, with what an interactive or system message is of its own."""
    kind = _kind_of(message) or "message"
    inner = message.values().get(kind)
    if kind in {"interactive", "system", "unsupported"} and isinstance(inner, dict):
        detail = Fields(inner, message.place_of(kind)).text("type", "")
        return f"{kind}.{detail}" if detail else kind
    return kind


def _kind_of(message: Fields) -> str:
    """Return the type; old versions leave it to the one field that is there."""
    named = message.text("type", "")
    return named or next((name for name in message.names() if name in _KINDS), "")


def read_body(message: Fields, message_id: str, author: Author) -> IncomingBody | None:
    """Return what the message is; None for a type that this version does not know."""
    kind = _kind_of(message)
    if kind == "reaction":
        reaction = message.object("reaction")
        emoji = reaction.text("emoji", "")
        return Reaction(reaction.text("message_id"), emoji, removed=not emoji)
    if kind == "revoke":
        return MessageDeletion(message.object("revoke").text("original_message_id"))
    if kind == "edit":
        edit = message.object("edit")
        original = edit.text("original_message_id")
        return _written(edit.object("message"), original, author, edited=True)
    return _written(message, message_id, author)


def _written(
    message: Fields, message_id: str, author: Author, *, edited: bool = False
) -> WrittenMessage | None:
    content = _content(message)
    if content is None:
        return None
    context = message.object("context") if "context" in message else Fields({}, "")
    return WrittenMessage(
        message_id=message_id,
        author_kind="agent" if author.is_business else "customer",
        author_name=author.name,
        text=content.text,
        reply_to_message_id=context.text("id", ""),
        identifiers=tuple(dict.fromkeys(author.identifiers + content.identifiers)),
        edited=edited,
        attachments=content.attachments,
        location=content.location,
        payload=content.payload,
    )


def _content(message: Fields) -> Content | None:
    kind = _kind_of(message)
    if kind in _MEDIA:
        return _media(message.object(kind), _MEDIA[kind])
    if kind == "contacts":
        return _contacts(message)
    read = _READERS.get(kind)
    return None if read is None else read(message.object(kind))


def _text(text: Fields) -> Content:
    return Content(text.text("body", "", limit=TEXT_LIMIT))


def _media(media: Fields, kind: AttachmentKind) -> Content:
    attachment = Attachment(
        kind=kind,
        media_id=media.identifier("id", ""),
        url=media.text("url", "", limit=TEXT_LIMIT) or media.text("link", "", limit=TEXT_LIMIT),
        media_type=media.text("mime_type", ""),
        name=media.text("filename", "", limit=TEXT_LIMIT),
    )
    return Content(media.text("caption", "", limit=TEXT_LIMIT), (attachment,))


def _location(location: Fields) -> Content:
    return Content(
        location=Location(
            latitude=_number(location, "latitude"),
            longitude=_number(location, "longitude"),
            name=location.text("name", "", limit=TEXT_LIMIT),
            address=location.text("address", "", limit=TEXT_LIMIT),
        )
    )


def _number(fields: Fields, name: str) -> float:
    """Return a number, also where it is written as a text."""
    value = fields.values().get(name)
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER_TEXT:
        with suppress(ValueError):
            return Fields({name: float(value)}, fields.place_of(name)).number(name)
    return fields.number(name)


def _contacts(message: Fields) -> Content:
    contacts = message.objects("contacts", limit=_MOST_CONTACTS)
    numbers = [_numbers_of(contact) for contact in contacts]
    # Asked for by a button, it is the author's own number; else it may be anybody's.
    own = message.text("origin", "") == "contact_request"
    return Content(
        attachments=tuple(
            Attachment("contact", url=f"tel:{listed[0]}" if listed else "", name=_name_of(contact))
            for contact, listed in zip(contacts, numbers, strict=True)
        ),
        identifiers=tuple(
            Identifier("phone", number)
            for listed in numbers
            for number in listed
            if own and number.startswith("+")
        ),
    )


def _name_of(contact: Fields) -> str:
    if "name" not in contact:
        return ""
    name = contact.object("name")
    parts = (name.text("first_name", ""), name.text("last_name", ""))
    return name.text("formatted_name", "") or " ".join(filter(None, parts))


def _numbers_of(contact: Fields) -> list[str]:
    found = []
    for phone in contact.objects("phones", limit=_MOST_CONTACTS):
        number = phone.text("phone", "") or phone.text("wa_id", "")
        found.append(e164(number) or number.replace(" ", ""))
    return [number for number in found if number]


def _button(button: Fields) -> Content:
    return Content(
        button.text("text", "", limit=TEXT_LIMIT),
        payload=button.text("payload", "", limit=TEXT_LIMIT),
    )


def _interactive(interactive: Fields) -> Content | None:
    kind = interactive.text("type")
    if kind in {"button_reply", "list_reply"}:
        chosen = interactive.object(kind)
        return Content(
            chosen.text("title", "", limit=TEXT_LIMIT),
            payload=chosen.text("id", "", limit=TEXT_LIMIT),
        )
    if kind == "nfm_reply":  # a form that was filled in
        form = interactive.object(kind)
        return Content(
            form.text("body", "", limit=TEXT_LIMIT),
            payload=form.text("response_json", "", limit=TEXT_LIMIT),
        )
    return None


def _order(order: Fields) -> Content:
    products = order.objects("product_items", limit=_MOST_PRODUCTS)
    return Content(
        order.text("text", "", limit=TEXT_LIMIT),
        tuple(
            Attachment(
                "link",
                media_id=product.identifier("product_retailer_id", ""),
                name=_ordered(product),
            )
            for product in products
        ),
        payload=order.identifier("catalog_id", ""),
    )


def _ordered(product: Fields) -> str:
    quantity = product.identifier("quantity", "1")
    name = product.identifier("product_retailer_id", "")
    if "item_price" not in product:
        return f"{quantity} × {name}"
    price = _number(product, "item_price")
    return f"{quantity} × {name}, {price:g} {product.text('currency', '')}".rstrip()


_READERS: Mapping[str, Callable[[Fields], Content | None]] = {
    "text": _text,
    "location": _location,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
}

_KINDS = frozenset({*_MEDIA, *_READERS, "contacts", "reaction"})

_SHORTEST_NUMBER = 7
_LONGEST_NUMBER = 15


def e164(number: str) -> str:
    """Return "+" and the digits of an international number, or "" when it is none."""
    digits = number.removeprefix("+")
    for separator in " -().":
        digits = digits.replace(separator, "")
    if not (digits.isascii() and digits.isdigit()) or digits.startswith("0"):
        return ""
    return f"+{digits}" if _SHORTEST_NUMBER <= len(digits) <= _LONGEST_NUMBER else ""
