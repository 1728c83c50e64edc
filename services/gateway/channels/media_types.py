"""What kind of attachment a media type is."""

from __future__ import annotations

from typing import cast

from services.gateway.domain.incoming import AttachmentKind

_IMAGES = ("jpg", "jpeg", "png", "gif", "webp", "bmp", "heic", "svg", "tif", "tiff")
_SOUNDS = ("mp3", "wav", "ogg", "oga", "opus", "m4a", "aac", "amr", "flac")
_FILMS = ("mp4", "mov", "webm", "avi", "mkv", "3gp", "m4v")
_SUFFIXES: dict[str, AttachmentKind] = {
    **dict.fromkeys(_IMAGES, "image"),
    **dict.fromkeys(_SOUNDS, "audio"),
    **dict.fromkeys(_FILMS, "video"),
    "vcf": "contact",
}


def kind_of_file(name: str) -> AttachmentKind:
    """Return what a file's name promises, where the platform tells no media type."""
    return _SUFFIXES.get(name.rpartition(".")[2].strip().lower(), "file")


def kind_of(media_type: str) -> AttachmentKind:
    named = media_type.strip().lower()
    if "vcard" in named:
        return "contact"
    main = named.partition("/")[0]
    return cast("AttachmentKind", main) if main in ("image", "audio", "video") else "file"
