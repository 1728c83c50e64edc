"""Public posts that somebody else collects: newline-delimited JSON over HTTP, one post a line.

Fields of a line, all but ``id`` and ``text`` optional; others are ignored:

- ``id``, ``url``, ``text``, ``title``, ``time`` (ISO 8601 with a zone, or seconds since 1970)
- ``author``: a name, or an object with ``id``, ``name`` and ``username``; ``author_id``
- ``reply_to``: the id of the post it answers; ``thread``: the id of the first post
- ``language``, ``likes``, ``shares``, ``replies``, ``reach``, ``stars``, ``brand``
- ``media``: a list of addresses, or of objects with ``url``, ``type`` and ``name``
- ``edited``, ``deleted``: true

``mapping`` renames: "text=content.body" reads ``text`` from ``{"content": {"body": …}}``. A post
that comes again with other counts brings its counts only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.feed_posts import FIELDS, read_post
from services.gateway.channels.public_posts import (
    LARGEST_PAGE,
    MOST_ENTRIES,
    as_fields,
    read_json,
    unrecognised,
)
from services.gateway.channels.pulled import PulledChannel, check_poll_seconds
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent

_KIND = "feed"


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """``mode``: "poll" (again and again) or "stream" (held open).

    ``cursor_parameter``: the query parameter that takes the last post's id ("since_id"); "" when
    the feed has none.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    url: str = ""
    token: str = field(default="", repr=False)
    mode: str = "poll"
    cursor_parameter: str = ""
    mapping: tuple[str, ...] = ()
    poll_seconds: int = 60


class FeedChannel(PulledChannel, PlatformChannel):
    """Nothing is pushed; ``parse`` reads lines, or a JSON list, of posts."""

    kind = _KIND
    settings = FeedSettings

    def check(self, settings: FeedSettings) -> None:
        check_poll_seconds(settings.poll_seconds)
        if settings.url and not settings.url.startswith(("https://", "http://")):
            raise ValueError('url is the feed\'s address, like "https://example.com/posts.ndjson"')
        if settings.mode not in ("poll", "stream"):
            raise ValueError(f'mode is {settings.mode!r}; use "poll" or "stream"')
        read_mapping(settings.mapping)

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        return read_posts(request.body, {})


def read_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Read "field=path.to.it" pairs. Raise ``ValueError``."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, path = pair.partition("=")
        if name not in FIELDS or not equals or not path:
            raise ValueError(
                f'mapping: {pair!r} is not "field=path.to.it" with a field of {", ".join(FIELDS)}'
            )
        mapping[name] = path
    return mapping


def read_posts(body: bytes, mapping: Mapping[str, str]) -> list[IncomingEvent]:
    """Read all posts of a body. Raise ``InvalidRequestError`` when nothing in it is JSON."""
    if len(body) > LARGEST_PAGE:
        raise InvalidRequestError("body", f"has more than {LARGEST_PAGE} bytes")
    if body.lstrip()[:1] == b"[":
        entries = read_json(body)
        assert isinstance(entries, list)
        lines = [(entry, b"") for entry in entries]
    else:
        lines = [(None, line) for line in body.splitlines() if line.strip()]
    if len(lines) > MOST_ENTRIES:
        raise InvalidRequestError("body", f"has more than {MOST_ENTRIES} posts")
    events: list[IncomingEvent] = []
    understood = not lines
    for number, (entry, line) in enumerate(lines, start=1):
        try:
            value = read_json(line) if line else entry
            understood = True
            events += read_post(as_fields(value, f"line {number}"), mapping)
        except InvalidRequestError as error:
            events.append(unrecognised(_KIND, "post", line or entry, reason=str(error)))
    if not understood:
        raise InvalidRequestError("body", "holds no line of JSON")
    return events


def read_line(line: bytes, mapping: Mapping[str, str]) -> list[IncomingEvent]:
    """Read one line of a stream; what is no post is kept as it came."""
    try:
        return read_post(as_fields(read_json(line), "line"), mapping)
    except InvalidRequestError as error:
        return [unrecognised(_KIND, "post", line, reason=str(error))]
