"""Discourse's webhooks: HMAC over the body; posts, likes, chat, solutions, members.

A retry gets another ``X-Discourse-Event-Id``, so an event is named by what it tells. The header
``X-Discourse-Event`` tells a new post from a changed one; without it the post itself does.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from services.gateway.channels import discourse_chat, discourse_posts
from services.gateway.channels.base import PlatformChannel
from services.gateway.channels.public_posts import (
    as_fields,
    count,
    digest,
    engagement_event,
    identifier,
    read_json,
)
from services.gateway.domain.fields import Fields
from services.gateway.domain.inbound import (
    Answer,
    InboundRequest,
    InvalidRequestError,
    RefusedError,
)
from services.gateway.domain.incoming import (
    CustomerAction,
    Engagement,
    Identifier,
    IncomingBody,
    IncomingEvent,
    Reaction,
    StatusChange,
    UnrecognisedEvent,
)

SIGNATURE_HEADER = "x-discourse-event-signature"
EVENT_HEADER = "x-discourse-event"
TYPE_HEADER = "x-discourse-event-type"
INSTANCE_HEADER = "x-discourse-instance"
# Written by ``verify``: who writes for the organisation.
OWN_HEADER = "x-careline-own-names"

_PING = "ping"


@dataclass(frozen=True, slots=True)
class DiscourseSettings:
    """``own_usernames``: who writes for the organisation beside the forum's staff.

    ``base_url`` ("https://forum.example.com"), ``api_key`` and ``api_username`` are for answers.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    own_usernames: tuple[str, ...] = ()
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    api_username: str = ""
    sign: str = ""
    # Said in public when an answer goes out privately; "" says nothing.
    private_note: str = "@{name} we have answered you in a private message."


class DiscourseChannel(PlatformChannel):
    """``POST /v1/discourse/{organisation}/{account}``."""

    kind = "discourse"
    path = "/v1/discourse"
    settings = DiscourseSettings

    def check(self, settings: DiscourseSettings) -> None:
        if not all(settings.secrets):
            raise ValueError("a secret is empty; set the one of the webhook's own settings page")
        if settings.base_url and not settings.base_url.startswith(("https://", "http://")):
            raise ValueError('base_url is the forum\'s address, like "https://forum.example.com"')
        if settings.api_key and not (settings.base_url and settings.api_username):
            raise ValueError("answers need base_url, api_key and api_username together")

    def handshake(
        self, request: InboundRequest, settings: DiscourseSettings, now_us: int
    ) -> Answer | None:
        if request.headers.get(TYPE_HEADER) != _PING:
            return None
        self.verify(request, settings, now_us)
        return Answer()

    def verify(
        self, request: InboundRequest, settings: DiscourseSettings, now_us: int
    ) -> InboundRequest:
        _ = now_us  # nothing in the request is both timed and signed
        offered = request.headers.get(SIGNATURE_HEADER, "").encode(errors="surrogateescape")
        matches = [
            hmac.compare_digest(b"sha256=" + _signature(secret, request.body), offered)
            for secret in settings.secrets
        ]
        if not any(matches):
            raise RefusedError(f"{SIGNATURE_HEADER} is not the body's signature")
        own = ",".join((*settings.own_usernames, settings.api_username))
        return replace(request, headers={**request.headers, OWN_HEADER: own})

    def parse(self, request: InboundRequest) -> list[IncomingEvent]:
        hook = as_fields(read_json(request.body), "")
        for name, read in _READERS.items():
            if name in hook:
                event = request.headers.get(EVENT_HEADER, "")
                try:
                    return read(hook.object(name), _Context(request, event))
                except InvalidRequestError as error:
                    return [_unknown(request, event or name, reason=str(error))]
        names = hook.names()
        if not names:
            raise InvalidRequestError("body", "tells of nothing")
        return [_unknown(request, request.headers.get(EVENT_HEADER) or names[0][:64])]


@dataclass(frozen=True, slots=True)
class _Context:
    request: InboundRequest
    event: str

    @property
    def forum(self) -> discourse_posts.Forum:
        headers = self.request.headers
        own = frozenset(filter(None, headers.get(OWN_HEADER, "").lower().split(",")))
        return discourse_posts.Forum(headers.get(INSTANCE_HEADER, "").rstrip("/"), own)

    def told(
        self, name: str, body: IncomingBody, thread_id: str, at_us: int | None, author_id: str = ""
    ) -> list[IncomingEvent]:
        event_id = f"{name}:{digest(self.request.body)}"
        return [IncomingEvent(event_id, "discourse", thread_id, body, at_us, author_id)]


def _signature(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()


def _unknown(request: InboundRequest, kind: str, reason: str = "") -> IncomingEvent:
    body = UnrecognisedEvent(kind, request.body, reason)
    return IncomingEvent(f"{kind}:{digest(request.body)}", "discourse", "", body, None)


def _post(post: Fields, context: _Context) -> list[IncomingEvent]:
    return discourse_posts.read_post(post, context.event, context.forum, context.request.body)


def _like(like: Fields, context: _Context) -> list[IncomingEvent]:
    post, user = like.object("post"), like.object("user")
    message_id, author_id = identifier(post, "id"), identifier(user, "id")
    thread_id = identifier(post, "topic_id")
    removed = context.event == "like_removed"
    event_id = f"like:{message_id}:{author_id}" + (":removed" if removed else "")
    reaction = Reaction(message_id, "like", removed)
    liked = IncomingEvent(event_id, "discourse", thread_id, reaction, None, author_id)
    return [liked, *discourse_posts.read_counts(post)]


def _solved(post: Fields, context: _Context) -> list[IncomingEvent]:
    reopened = context.event.startswith("unaccepted")
    change = StatusChange("open" if reopened else "solved")
    name = "unaccepted_solution" if reopened else "accepted_solution"
    thread_id = identifier(post, "topic_id")
    return context.told(name, change, thread_id, post.instant("updated_at"))


def _topic(topic: Fields, context: _Context) -> list[IncomingEvent]:
    thread_id = identifier(topic, "id")
    name = context.event or "topic"
    author = identifier(topic, "user_id", "")
    if "created_by" in topic:
        author = identifier(topic.object("created_by"), "id")
    if name == "topic_closed_status_updated":
        change = StatusChange("closed" if topic.flag("closed") else "open")
        return context.told(name, change, thread_id, None)
    body = UnrecognisedEvent(name, context.request.body)
    told = context.told(name, body, thread_id, topic.instant("created_at"), author)
    # A topic's counts are its first post's; where no id is told, a post goes by its number.
    shown = Engagement(
        f"{thread_id}/1",
        likes=count(topic, "like_count"),
        replies=count(topic, "reply_count"),
        reach=count(topic, "views"),
    )
    return [*told, *engagement_event("discourse", thread_id, shown)]


def _user(user: Fields, context: _Context) -> list[IncomingEvent]:
    identifiers = [Identifier("email", user.text("email"))] if "email" in user else []
    if "external_id" in user:
        identifiers.append(Identifier("external_id", identifier(user, "external_id")))
    name = context.event or "user_updated"
    action = CustomerAction(
        action=name.replace("_", ".", 1),
        object_id=identifier(user, "id"),
        author_name=user.text("name", "") or user.text("username", ""),
        identifiers=tuple(identifiers),
    )
    at_us = user.instant("created_at") if name == "user_created" else None
    return context.told(name, action, "", at_us, action.object_id)


def _notification(notification: Fields, context: _Context) -> list[IncomingEvent]:
    thread_id = identifier(notification, "topic_id", "")
    body = UnrecognisedEvent(context.event or "notification_created", context.request.body)
    return context.told("notification", body, thread_id, notification.instant("created_at"))


def _chat(chat: Fields, context: _Context) -> list[IncomingEvent]:
    return discourse_chat.read_chat(chat, context.event, context.forum)


_READERS: Mapping[str, Callable[[Fields, _Context], list[IncomingEvent]]] = {
    "post": _post,
    "like": _like,
    "like_removed": _like,
    "solved": _solved,
    "topic": _topic,
    "user": _user,
    "notification": _notification,
    "chat_message": _chat,
}
