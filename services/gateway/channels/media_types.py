"""What kind of attachment a media type is."""

from __future__ import annotations

from typing import cast

from services.gateway.domain.incoming import AttachmentKind


def kind_of(media_type: str) -> AttachmentKind:
    named = media_type.strip().lower()
    if "vcard" in named:
        return "contact"
    main = named.partition("/")[0]
    return cast("AttachmentKind", main) if main in ("image", "audio", "video") else "file"
