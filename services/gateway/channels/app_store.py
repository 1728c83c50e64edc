"""App Store Connect's customer reviews: pages of JSON:API that a source polls."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.public_posts import as_fields, digest, each, identifier, read_json
from services.gateway.channels.pulled import PulledChannel, check_poll_seconds
from services.gateway.channels.store_tokens import app_store_token
from services.gateway.domain.fields import TEXT_LIMIT, Fields
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent, WrittenMessage

_KIND = "app_store"
_MOST_STARS = 5
REVIEWS, RESPONSES = "customerReviews", "customerReviewResponses"


@dataclass(frozen=True, slots=True)
class AppStoreSettings:
    """The key of App Store Connect: ``private_key`` is the text of the .p8 file.

    ``issuer_id`` is empty for an individual key.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    app_id: str = ""
    issuer_id: str = ""
    key_id: str = ""
    private_key: str = field(default="", repr=False)
    api_base: str = "https://api.appstoreconnect.apple.com"
    poll_seconds: int = 300
    sign: str = ""


class AppStoreChannel(PulledChannel, PlatformChannel):
    """Nothing is pushed; ``parse`` reads a page of reviews, or one review."""

    kind = _KIND
    settings = AppStoreSettings

    def check(self, settings: AppStoreSettings) -> None:
        check_poll_seconds(settings.poll_seconds)
        given = (settings.app_id, settings.key_id, settings.private_key)
        if any(given) and not all(given):
            raise ValueError("reviews need app_id, key_id and private_key together")
        if settings.private_key:
            app_store_token(settings.issuer_id, settings.key_id, settings.private_key, 0)

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        page = as_fields(read_json(request.body), "")
        if "data" not in page:
            raise InvalidRequestError("data", "is missing; a page of customerReviews is expected")
        raw = read_json(request.body)
        assert isinstance(raw, dict)
        data = raw["data"]
        reviews = data if isinstance(data, list) else [data]
        answered = _reviews_of_responses(reviews)
        events = each(_KIND, "review", reviews, lambda entry: _entry(entry, answered), "data")
        included = raw.get("included")
        if isinstance(included, list):
            events += each(
                _KIND, "included", included, lambda entry: _entry(entry, answered), "included"
            )
        # The newest review comes first, and every answer last.
        return sorted(events, key=lambda event: event.occurred_at_us or 0)


def _reviews_of_responses(reviews: list[object]) -> dict[str, str]:
    """Return the review that each response answers, as far as the reviews say."""
    found: dict[str, str] = {}
    for entry in reviews:
        try:
            review = as_fields(entry, "data")
            data = review.object("relationships").object("response").object("data")
            found[identifier(data, "id")] = identifier(review, "id")
        except InvalidRequestError:
            # Without an answer; what is wrong with the review itself is told when it is read.
            continue
    return found


def _entry(entry: Fields, answered: dict[str, str]) -> list[IncomingEvent]:
    kind = entry.text("type")
    if kind == REVIEWS:
        return [_review(entry)]
    if kind == RESPONSES:
        return [_response(entry, answered)]
    raise InvalidRequestError(entry.place_of("type"), f"is not {REVIEWS} or {RESPONSES}")


def _review(entry: Fields) -> IncomingEvent:
    review_id, told = identifier(entry, "id"), entry.object("attributes")
    title, text = told.text("title", ""), told.text("body", "", limit=TEXT_LIMIT)
    stars = told.integer("rating")
    if not 1 <= stars <= _MOST_STARS:
        told.complain("rating", f"is {stars}; 1 to {_MOST_STARS} is expected")
    name = told.text("reviewerNickname", "")
    body = WrittenMessage(
        message_id=review_id,
        author_kind="customer",
        author_name=name,
        text=text,
        subject=title,
        is_public=True,
        reply_address=review_id,
        stars=stars,
    )
    event_id = f"review:{review_id}:{digest(title, text, str(stars))}"
    at_us = told.instant("createdDate")
    # A nickname is one person's in the store; where there is none, the review stands for them.
    return IncomingEvent(event_id, _KIND, review_id, body, at_us, name or review_id)


def _response(entry: Fields, answered: dict[str, str]) -> IncomingEvent:
    response_id, told = identifier(entry, "id"), entry.object("attributes")
    review_id = answered.get(response_id, "")
    if not review_id:
        relationships = entry.object("relationships")
        review_id = identifier(relationships.object("review").object("data"), "id")
    text = told.text("responseBody", "", limit=TEXT_LIMIT)
    body = WrittenMessage(
        message_id=response_id,
        author_kind="agent",
        author_name="",
        text=text,
        reply_to_message_id=review_id,
        is_public=True,
    )
    at_us = told.instant("lastModifiedDate")
    return IncomingEvent(f"response:{response_id}:{digest(text)}", _KIND, review_id, body, at_us)
