"""What comes with a Messenger or Instagram message."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.incoming import Attachment, AttachmentKind, Location

_MOST_ATTACHMENTS = 100
_MOST_ELEMENTS = 100
_NOTHING = Fields({}, "")

_KINDS: Mapping[str, AttachmentKind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "sticker": "sticker",
    "like_heart": "sticker",
    "reel": "video",
    "ig_reel": "video",
}
_LOCATION = "location"


def read_attachments(message: Fields) -> tuple[tuple[Attachment, ...], Location | None]:
    """Return what is attached; a place is apart."""
    found: list[Attachment] = []
    location = None
    sticker_id = message.identifier("sticker_id", "")
    for attachment in message.objects("attachments", limit=_MOST_ATTACHMENTS):
        payload = _payload(attachment)
        if _template_text(attachment):
            continue
        if attachment.text("type", "") == _LOCATION and "coordinates" in payload:
            location = _location(attachment, payload)
            continue
        products = _elements(payload)
        _add(found, products or [_attachment(attachment, payload, sticker_id)])
    if sticker_id and not found:
        found.append(Attachment("sticker", media_id=sticker_id))
    return tuple(found), location


def read_template_text(message: Fields) -> str:
    """Return what a template with buttons says: the business's own words, in an echo."""
    texts = (
        _template_text(attachment)
        for attachment in message.objects("attachments", limit=_MOST_ATTACHMENTS)
    )
    return "\n".join(filter(None, texts))


def _template_text(attachment: Fields) -> str:
    if attachment.text("type", "") != "template":
        return ""
    return _words(_payload(attachment), "text")


def _add(found: list[Attachment], more: list[Attachment]) -> None:
    """Add what is new: a shared post and a sticker come in their old and their new form."""
    for one in more:
        same = next((at for at, other in enumerate(found) if _is_same(one, other)), -1)
        if same < 0:
            found.append(one)
        elif one.media_id and not found[same].media_id:
            found[same] = one


def _is_same(one: Attachment, other: Attachment) -> bool:
    same_media = bool(one.media_id) and one.media_id == other.media_id
    return same_media or (bool(one.url) and one.url == other.url)


def _payload(attachment: Fields) -> Fields:
    # A text is what somebody's button stands for, and says nothing of a file.
    is_object = isinstance(attachment.values().get("payload"), dict)
    return attachment.object("payload") if is_object else _NOTHING


def _attachment(attachment: Fields, payload: Fields, sticker_id: str) -> Attachment:
    kind = attachment.text("type", "")
    sticker = payload.identifier("sticker_id", sticker_id if kind == "image" else "")
    return Attachment(
        kind="sticker" if sticker else _KINDS.get(kind, "link"),
        media_id=sticker or _media_id(payload),
        url=_words(payload, "url")
        or _words(attachment, "url")
        or _words(attachment, "URL")
        or _words(payload, "story_media_url"),
        name=_words(attachment, "title") or _words(payload, "title") or _words(attachment, "name"),
    )


def _media_id(payload: Fields) -> str:
    names = (
        "attachment_id",
        "reel_video_id",
        "ig_post_media_id",
        "story_media_id",
        "post_id",
        "id",
    )
    return next((payload.identifier(name) for name in names if name in payload), "")


def _location(attachment: Fields, payload: Fields) -> Location:
    coordinates = payload.object("coordinates")
    return Location(
        latitude=coordinates.number("lat"),
        longitude=coordinates.number("long"),
        name=_words(attachment, "title") or _words(payload, "title"),
    )


def _elements(payload: Fields) -> list[Attachment]:
    """Return the cards of a template, and the products that a customer asks about."""
    parent = payload.object("product") if "product" in payload else payload
    return [
        Attachment(
            "link",
            media_id=element.identifier("id", ""),
            url=_words(element, "item_url") or _words(element, "image_url"),
            name=_words(element, "title"),
        )
        for element in parent.objects("elements", limit=_MOST_ELEMENTS)
    ]


def _words(fields: Fields, name: str) -> str:
    return fields.text(name, "", limit=TEXT_LIMIT)
