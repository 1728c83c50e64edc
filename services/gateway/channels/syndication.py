"""RSS and Atom: blogs, forums, comment threads and alerts that a source polls."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import defusedxml
import defusedxml.sax
import feedparser

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.feed_nesting import DepthGuard, TooDeepError
from services.gateway.channels.public_posts import MOST_ENTRIES
from services.gateway.channels.pulled import PulledChannel, check_poll_seconds
from services.gateway.channels.syndication_entries import read_entry
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent

_KIND = "syndication"
_LARGEST = 8 * 1024 * 1024
# A feed that is not well-formed is read by a slower parser.
_LARGEST_BROKEN = 256 * 1024


@dataclass(frozen=True, slots=True)
class SyndicationSettings:
    secrets: tuple[str, ...] = field(default=(), repr=False)
    urls: tuple[str, ...] = ()
    poll_seconds: int = 300


class SyndicationChannel(PulledChannel, PlatformChannel):
    """Nothing is pushed; ``parse`` reads one feed."""

    kind = _KIND
    settings = SyndicationSettings

    def check(self, settings: SyndicationSettings) -> None:
        check_poll_seconds(settings.poll_seconds)
        for url in settings.urls:
            if not url.startswith(("https://", "http://")):
                raise ValueError(f"urls: {url!r} is no feed's address; it starts with https://")

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        _check(request.body)
        feed = _read(request.body)
        entries = feed.get("entries", [])
        if not entries and not feed.get("version"):
            raise InvalidRequestError("body", "is no RSS or Atom feed")
        if len(entries) > MOST_ENTRIES:
            raise InvalidRequestError("body", f"has more than {MOST_ENTRIES} entries")
        language = _text(feed.get("feed", {}).get("language"))
        events: list[IncomingEvent] = []
        # Feeds show the newest first.
        for entry in reversed(entries):
            events += read_entry(entry, language)
        return events


def _check(body: bytes) -> None:
    """Refuse what is made to harm: entities, deep nesting, absurd sizes."""
    if len(body) > _LARGEST:
        raise InvalidRequestError("body", f"has more than {_LARGEST} bytes")
    try:
        # Old feeds name a public DTD, which this parser does not fetch; entities are refused.
        defusedxml.sax.parseString(body, DepthGuard(), forbid_dtd=False, forbid_external=False)
    except defusedxml.DefusedXmlException:
        raise InvalidRequestError("body", "declares entities, which no feed needs") from None
    except TooDeepError:
        raise InvalidRequestError("body", "is nested too deeply") from None
    except Exception:  # noqa: BLE001  # broken feeds are common; the parser mends them or refuses
        if len(body) > _LARGEST_BROKEN:
            raise InvalidRequestError("body", "is not well-formed XML") from None


def _read(body: bytes) -> Any:
    try:
        # A stream, never the bytes: those may look like an address to fetch.
        # Nothing is shown as HTML here, and cleaning it takes minutes over tags that never close.
        return feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # noqa: BLE001  # it promises nothing about broken input
        raise InvalidRequestError("body", f"is no feed ({type(error).__name__})") from None


def _text(value: object) -> str:
    return value[:64] if isinstance(value, str) else ""
