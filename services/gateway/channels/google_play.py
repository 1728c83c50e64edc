"""Google Play's reviews: pages of JSON that a source polls.

A review is one conversation with one person; changing it moves its ``lastModified``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.public_posts import (
    as_fields,
    count,
    digest,
    each,
    engagement_event,
    identifier,
    read_json,
)
from services.gateway.channels.pulled import PulledChannel, check_poll_seconds
from services.gateway.channels.store_tokens import google_assertion
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import Engagement, IncomingEvent, WrittenMessage

_KIND = "google_play"
_MOST_COMMENTS = 100
_MOST_STARS = 5
_SECONDS = re.compile(r"[0-9]{1,11}")
_LATEST_SECOND = 4_102_444_800


@dataclass(frozen=True, slots=True)
class GooglePlaySettings:
    """``client_email`` and ``private_key`` are those of the service account's JSON file."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    package_name: str = ""
    client_email: str = ""
    private_key: str = field(default="", repr=False)
    api_base: str = "https://androidpublisher.googleapis.com"
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address
    poll_seconds: int = 300
    sign: str = ""


class GooglePlayChannel(PulledChannel, PlatformChannel):
    """Nothing is pushed; ``parse`` reads a page of reviews, or one review."""

    kind = _KIND
    settings = GooglePlaySettings

    def check(self, settings: GooglePlaySettings) -> None:
        check_poll_seconds(settings.poll_seconds)
        given = (settings.package_name, settings.client_email, settings.private_key)
        if any(given) and not all(given):
            raise ValueError("reviews need package_name, client_email and private_key together")
        if settings.private_key:
            google_assertion(settings.client_email, settings.private_key, settings.token_url, 0)

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        raw = read_json(request.body)
        page = as_fields(raw, "")
        assert isinstance(raw, dict)
        if "reviewId" in page:
            return each(_KIND, "review", [raw], _review, "review")
        reviews = raw.get("reviews", [])
        if not isinstance(reviews, list):
            raise InvalidRequestError("reviews", "is not a list")
        # The newest comes first.
        return each(_KIND, "review", reviews[::-1], _review, "reviews")


def _review(review: Fields) -> list[IncomingEvent]:
    events: list[IncomingEvent] = []
    for comment in review.objects("comments", limit=_MOST_COMMENTS):
        if "userComment" in comment:
            events += _written(review, comment.object("userComment"))
        if "developerComment" in comment:
            events.append(_answer(review, comment.object("developerComment")))
    if not events:
        review.complain("comments", "holds no comment")
    return events


def _written(review: Fields, comment: Fields) -> list[IncomingEvent]:
    review_id = identifier(review, "reviewId")
    version, at_us = _modified(comment)
    stars = comment.integer("starRating") if "starRating" in comment else 0
    if not 0 <= stars <= _MOST_STARS:
        comment.complain("starRating", f"is {stars}; 1 to {_MOST_STARS} is expected")
    # Where it was translated, the writer's own words stand beside.
    words = comment.text("originalText", "", limit=TEXT_LIMIT) or comment.text(
        "text", "", limit=TEXT_LIMIT
    )
    # Older reviews have a title, a tab away from the text.
    title, tab, text = words.partition("\t")
    body = WrittenMessage(
        message_id=review_id,
        author_kind="customer",
        author_name=review.text("authorName", ""),
        text=text.strip() if tab else words.strip(),
        language_hint=comment.text("reviewerLanguage", "").replace("_", "-"),
        subject=title.strip() if tab else "",
        is_public=True,
        reply_address=review_id,
        stars=stars,
    )
    event_id = f"review:{review_id}:{version}"
    # Names are not unique ("A Google user"): the review stands for its writer.
    written = IncomingEvent(event_id, _KIND, review_id, body, at_us, review_id)
    counts = Engagement(review_id, likes=count(comment, "thumbsUpCount"))
    return [written, *engagement_event(_KIND, review_id, counts)]


def _answer(review: Fields, comment: Fields) -> IncomingEvent:
    review_id = identifier(review, "reviewId")
    version, at_us = _modified(comment)
    body = WrittenMessage(
        message_id=f"{review_id}:reply",
        author_kind="agent",
        author_name="",
        text=comment.text("text", "", limit=TEXT_LIMIT),
        reply_to_message_id=review_id,
        is_public=True,
    )
    return IncomingEvent(f"reply:{review_id}:{version}", _KIND, review_id, body, at_us)


def _modified(comment: Fields) -> tuple[str, int | None]:
    """Return the version and its time; without a time, what it says is its version."""
    if "lastModified" not in comment:
        return digest(comment.text("text", "", limit=TEXT_LIMIT)), None
    modified = comment.object("lastModified")
    seconds = identifier(modified, "seconds")
    if not _SECONDS.fullmatch(seconds) or int(seconds) > _LATEST_SECOND:
        modified.complain("seconds", "is no time in seconds")
    nanos = modified.integer("nanos") if "nanos" in modified else 0
    return f"{seconds}.{nanos}", int(seconds) * 1_000_000 + nanos // 1_000
