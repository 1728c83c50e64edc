"""The indices' settings and mappings: only what every distribution of Elasticsearch has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.indexer.domain.documents import COLLECTIONS, Collection
from services.kernel.elastic.indices import IndexDefinition

# Longer values stay in the document without being findable: Lucene refuses terms above 32766 bytes.
_KEYWORD: Mapping[str, Any] = {"type": "keyword", "ignore_above": 8191}
_DATE: Mapping[str, Any] = {"type": "date"}
_LONG: Mapping[str, Any] = {"type": "long"}
_SECONDS: Mapping[str, Any] = {"type": "double"}
# Han text becomes single characters, so ask for words of it as phrases. A subfield of bigrams
# would cost a quarter of the writing rate (measured).
_TEXT: Mapping[str, Any] = {"type": "text", "analyzer": "careline_text"}

_POSITION: Mapping[str, Any] = {
    "properties": {"partition": _LONG, "offset": _LONG, "event_index": _LONG},
}
_EVERY: Mapping[str, Any] = {"content_hash": _KEYWORD, "position": _POSITION, "timeline": _KEYWORD}

_OF_A_THREAD: Mapping[str, Any] = dict.fromkeys(
    (
        "organisation_id",
        "brand_id",
        "channel",
        "account_id",
        "thread_key",
        "conversation_id",
        "customer_id",
        "status",
        "priority",
        "assignee",
    ),
    _KEYWORD,
)

# Nested, so that kind, sign and instant of one fact are asked for together.
_FACTS: Mapping[str, Any] = {
    "type": "nested",
    "properties": {
        "kind": _KEYWORD,
        "sign": _LONG,
        "at": _DATE,
        "duration_seconds": _SECONDS,
        "status": _KEYWORD,
    },
}
_CLOCK_EVENTS: Mapping[str, Any] = {
    "type": "nested",
    "properties": {
        "clock": _KEYWORD,
        "cycle": _LONG,
        "kind": _KEYWORD,
        "sign": _LONG,
        "at": _DATE,
        "due_at": _DATE,
        "elapsed_seconds": _SECONDS,
        "target_seconds": _SECONDS,
        "policy_id": _KEYWORD,
        "policy_version": _KEYWORD,
    },
}

_FIELDS: Mapping[Collection, Mapping[str, Any]] = {
    "events": {
        **_EVERY,
        **_OF_A_THREAD,
        "event_id": _KEYWORD,
        "party_key": _KEYWORD,
        "occurred_at": _DATE,
        "accepted_at": _DATE,
        "kind": _KEYWORD,
        "subject": _KEYWORD,
        "message_id": _KEYWORD,
        "reply_to_message_id": _KEYWORD,
        "about_message_ids": _KEYWORD,
        "reply_id": _KEYWORD,
        "code": _KEYWORD,
        "reason": _KEYWORD,
        "object_id": _KEYWORD,
        "duration_seconds": _SECONDS,
        "score": {"type": "double"},
        "author_kind": _KEYWORD,
        "text": _TEXT,
        "language": _KEYWORD,
        "sentiment": _KEYWORD,
        "sentiment_score": {"type": "double"},
        "facts": _FACTS,
        "clock_events": _CLOCK_EVENTS,
    },
    "conversations": {
        **_EVERY,
        **_OF_A_THREAD,
        "ordinal": _LONG,
        "opened_at": _DATE,
        "first_contact_at": _DATE,
        "first_reply_at": _DATE,
        "first_response_seconds": _SECONDS,
        "solved_at": _DATE,
        "resolution_seconds": _SECONDS,
        "closed_at": _DATE,
        "last_event_at": _DATE,
        "contacts": _LONG,
        "replies": _LONG,
        "reopens": _LONG,
        "events": _LONG,
        "warnings": _LONG,
        "breaches": _LONG,
    },
    "runs": {
        **_EVERY,
        "run_id": _KEYWORD,
        "partition": _LONG,
        "accepted": _LONG,
        "duplicates": _LONG,
    },
}

REFRESH_INTERVAL = "2s"


def index_definitions(*, shards: int = 1) -> dict[Collection, IndexDefinition]:
    settings = {
        "number_of_shards": shards,
        "auto_expand_replicas": "0-1",
        "refresh_interval": REFRESH_INTERVAL,
        "analysis": {
            "analyzer": {
                "careline_text": {
                    "type": "custom",
                    "tokenizer": "standard",
                    "filter": ["lowercase"],
                }
            }
        },
    }
    return {
        collection: IndexDefinition(
            alias=f"careline-{collection}",
            # Strict: a document and its mapping may not drift apart unseen.
            mappings={"dynamic": "strict", "properties": _FIELDS[collection]},
            settings=settings,
            remedy="Build it anew: careline index rebuild",
        )
        for collection in COLLECTIONS
    }
