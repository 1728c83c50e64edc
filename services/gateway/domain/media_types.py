"""What bytes are, by how they begin: a name or a header may say anything."""

from __future__ import annotations

from collections.abc import Sequence

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"\x02#!SILK", "audio/silk"),
    (b"#!SILK", "audio/silk"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
# At byte 8 of a RIFF file, and the brands of an ISO base media file.
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    b"qt  ": "video/quicktime",
}
_SYNC, _FRAME, _LAYER = 0xFF, 0xE0, 0x06
_LONGEST_START = 512
# What a document is called, and how a file of its kind begins.
_ARCHIVES = (
    "application/zip",
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
)
# Containers that hold sound or pictures with sound.
_EITHER = ("audio/ogg", "video/webm", "audio/mp4", "video/mp4", "video/quicktime", "video/3gpp")


def sniff(content: bytes) -> str:
    """Return the media type, or "" for what is not known (plain text among it)."""
    for start, media_type in _STARTS:
        if content.startswith(start):
            return media_type
    if content[:4] == b"RIFF":
        return _RIFF.get(content[8:12], "")
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        return _BRANDS.get(brand, "video/3gpp" if brand.startswith(b"3g") else "video/mp4")
    if len(content) > 1 and content[0] == _SYNC and content[1] & _FRAME == _FRAME:
        # MPEG audio's frame; layer 0 is AAC's.
        return "audio/aac" if content[1] & _LAYER == 0 else "audio/mpeg"
    return ""


def settle(declared: str, content: bytes) -> str:
    """Return the type that header and bytes agree upon, or "" when they do not.

    ``declared`` is a Content-Type, parameters and all; "application/octet-stream" declares nothing.
    """
    media_type = declared.partition(";")[0].strip().lower()
    sniffed = sniff(content)
    if media_type in ("", "application/octet-stream", "binary/octet-stream"):
        return sniffed
    if sniffed == "application/zip":
        return media_type if media_type.startswith(_ARCHIVES) else ""
    if media_type == "text/plain":
        return media_type if _is_text(content) else ""
    return _settle_family(media_type, sniffed) if sniffed else ""


def _settle_family(media_type: str, sniffed: str) -> str:
    family = media_type.partition("/")[0]
    if sniffed in _EITHER:
        return media_type if family in ("audio", "video") or media_type == sniffed else ""
    if family in ("image", "audio", "video"):
        return sniffed if sniffed.startswith(f"{family}/") else ""
    return sniffed if media_type == sniffed else ""


def is_allowed(media_type: str, allowed: Sequence[str]) -> bool:
    """Tell whether a list of types ("application/pdf") and families ("image/*") allows a type."""
    family = media_type.partition("/")[0] + "/*"
    return media_type in allowed or family in allowed


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return "\x00" not in text and not text[:_LONGEST_START].lstrip().startswith(("<!", "<html"))
