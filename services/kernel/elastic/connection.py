"""Connecting to Elasticsearch, and telling its trouble from our bugs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import elastic_transport
import structlog
from elasticsearch import ApiError, AsyncElasticsearch

log = structlog.get_logger(__name__)

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 10.0

_REQUEST_TIMEOUT_SECONDS = 60.0
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class ElasticsearchAccess:
    """Where Elasticsearch is and how it lets us in; empty = without."""

    url: str
    api_key: str = ""
    ca_certs: str = ""


def connect(
    access: ElasticsearchAccess, *, request_timeout: float = _REQUEST_TIMEOUT_SECONDS
) -> AsyncElasticsearch:
    """Return a client that does not retry: who calls it decides how patient to be.

    Nothing is sent yet. ``info()`` and ``ping()`` ask ``GET /``, which minimal distributions do
    not serve; ask for the cluster's health instead.
    """
    options: dict[str, Any] = {"request_timeout": request_timeout, "max_retries": 0}
    if access.api_key:
        options["api_key"] = access.api_key
    if access.ca_certs:
        options["ca_certs"] = access.ca_certs
    return AsyncElasticsearch(access.url, **options)


def is_transient_status(status: int) -> bool:
    """Return whether the same request may succeed later: overloaded, or broken on their side."""
    return status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR


def is_transient(error: Exception) -> bool:
    """Return whether waiting may help. A wrong certificate or a refused request stays wrong."""
    if isinstance(error, elastic_transport.TlsError):
        return False
    if isinstance(error, elastic_transport.ConnectionError | elastic_transport.ConnectionTimeout):
        return True
    return isinstance(error, ApiError) and is_transient_status(error.status_code)


def next_delay(delay_seconds: float) -> float:
    return min(2 * delay_seconds, LONGEST_DELAY_SECONDS)


async def retried(
    call: Callable[[], Awaitable[T]], what: str, *, sleep: Sleep = asyncio.sleep
) -> T:
    """Return the call's result; wait and call again for as long as Elasticsearch is in trouble."""
    delay = FIRST_DELAY_SECONDS
    while True:
        try:
            return await call()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("elasticsearch is in trouble", what=what, error=str(error), wait=delay)
        await sleep(delay)
        delay = next_delay(delay)
