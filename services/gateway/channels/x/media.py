"""Pictures, videos and places, as the older objects ("media_url_https") name them."""

from __future__ import annotations

from services.gateway.channels.platform_json import child
from services.gateway.domain.fields import Fields
from services.gateway.domain.incoming import Attachment, Location

MOST_MEDIA = 50
_URL_LIMIT = 4_096


def attachment(media: Fields) -> Attachment:
    """Return a photo, or the best MP4 of a video or animated picture."""
    media_id = media.identifier("id_str", "") or _plain_id(media)
    kind = media.text("type", "photo")
    video = _best_video(child(media, "video_info"))
    if kind == "photo" or not video:
        url = media.text("media_url_https", "", limit=_URL_LIMIT) or media.text(
            "media_url", "", limit=_URL_LIMIT
        )
        is_video = kind in ("video", "animated_gif")
        return Attachment("video" if is_video else "image", media_id=media_id, url=url)
    return Attachment("video", media_id=media_id, url=video, media_type="video/mp4")


def _plain_id(media: Fields) -> str:
    """Return the numeric id; one written as a fraction ("9.3e17") has lost its digits."""
    return media.identifier("id", "") if not isinstance(media.values().get("id"), float) else ""


def _best_video(info: Fields) -> str:
    best, url = -1.0, ""
    for variant in info.objects("variants", limit=MOST_MEDIA):
        if variant.text("content_type", "") != "video/mp4":
            continue
        rate = variant.number("bitrate") if "bitrate" in variant else 0.0
        if rate > best:
            best, url = rate, variant.text("url", limit=_URL_LIMIT)
    return url


def point(place: Fields, *, name: str = "", address: str = "") -> Location | None:
    """Return a GeoJSON point, longitude first, as WGS 84."""
    pair = place.values().get("coordinates")
    if not isinstance(pair, list) or len(pair) != 2:  # noqa: PLR2004  # longitude and latitude
        return None
    fields = Fields({"longitude": pair[0], "latitude": pair[1]}, place.place_of("coordinates"))
    return Location(fields.number("latitude"), fields.number("longitude"), name, address)
