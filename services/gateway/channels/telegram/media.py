"""What a message holds beside its text: Telegram keeps the bytes under a file's id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from services.gateway.channels.platform_json import child
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import Attachment, AttachmentKind, Location

_MOST_SIZES = 50
_KINDS: Mapping[str, AttachmentKind] = {
    "voice": "audio",
    "audio": "audio",
    "video": "video",
    "video_note": "video",
    "live_photo": "video",
    "document": "file",
}


def attachments(message: Fields) -> Iterator[Attachment]:
    for name, kind in _KINDS.items():
        # An animation comes a second time as a document, for clients that know none.
        if name in message and not (name == "document" and "animation" in message):
            yield file(message.object(name), kind)
    for name, read in _OTHERS.items():
        if name in message:
            yield from read(message)


def file(entry: Fields, kind: AttachmentKind) -> Attachment:
    return Attachment(
        kind,
        media_id=entry.text("file_id"),
        media_type=entry.text("mime_type", ""),
        name=entry.text("file_name", "", limit=TEXT_LIMIT)
        or entry.text("title", "", limit=TEXT_LIMIT),
        size_bytes=entry.integer("file_size") if "file_size" in entry else 0,
    )


def photo(holder: Fields, name: str) -> Iterator[Attachment]:
    """Return the largest of the sizes in which Telegram offers a picture."""
    sizes = holder.objects(name, limit=_MOST_SIZES)
    if sizes:
        yield file(max(sizes, key=_area), "image")


def _area(size: Fields) -> int:
    sides = [size.integer(side) if side in size else 0 for side in ("width", "height")]
    return sides[0] * sides[1]


def _animation(message: Fields) -> Iterator[Attachment]:
    animation = message.object("animation")
    is_picture = animation.text("mime_type", "").startswith("image/")
    yield file(animation, "image" if is_picture else "video")


def _sticker(message: Fields) -> Iterator[Attachment]:
    sticker = message.object("sticker")
    media_type = "image/webp"
    if sticker.flag("is_video"):
        media_type = "video/webm"
    elif sticker.values().get("is_animated"):
        media_type = "application/x-tgsticker"
    yield Attachment(
        "sticker",
        media_id=sticker.text("file_id"),
        media_type=media_type,
        name=sticker.text("emoji", ""),
        size_bytes=sticker.integer("file_size") if "file_size" in sticker else 0,
    )


def _contact(message: Fields) -> Iterator[Attachment]:
    contact = message.object("contact")
    name = person(contact)
    phone = contact.text("phone_number", "")
    card = contact.text("vcard", "", limit=TEXT_LIMIT)
    yield Attachment(
        "contact",
        media_type="text/vcard" if card else "",
        name=f"{name} {phone}".strip(),
        content=card.encode(),
    )


def _story(message: Fields) -> Iterator[Attachment]:
    story = message.object("story")
    chat = story.object("chat")
    address = chat.text("username", "")
    number = story.integer("id")
    yield Attachment(
        "link",
        media_id=f"{chat.integer('id')}:{number}",
        url=f"https://t.me/{address}/s/{number}" if address else "",
    )


def _paid_media(message: Fields) -> Iterator[Attachment]:
    for one in message.object("paid_media").objects("paid_media", limit=_MOST_SIZES):
        yield from photo(one, "photo") if "photo" in one else ()
        if "video" in one:
            yield file(one.object("video"), "video")


_OTHERS: Mapping[str, Callable[[Fields], Iterator[Attachment]]] = {
    "photo": lambda message: photo(message, "photo"),
    "animation": _animation,
    "sticker": _sticker,
    "contact": _contact,
    "story": _story,
    "paid_media": _paid_media,
}


def location(message: Fields) -> Location | None:
    venue = child(message, "venue")
    spot = child(venue if "location" in venue else message, "location")
    if not spot.names():
        return None
    return Location(
        spot.number("latitude"),
        spot.number("longitude"),
        venue.text("title", "", limit=TEXT_LIMIT),
        venue.text("address", "", limit=TEXT_LIMIT),
    )


def person(author: Fields) -> str:
    """Return the name of a user, a chat or a contact."""
    names = (author.text("first_name", ""), author.text("last_name", ""))
    return " ".join(filter(None, names)) or author.text("title", "") or author.text("username", "")
