"""Parses requests beside the event loop where that may take long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from services.gateway.domain.channel import Channel
from services.gateway.domain.inbound import InboundRequest, InvalidRequestError
from services.gateway.domain.incoming import IncomingEvent

T = TypeVar("T")

log = structlog.get_logger(__name__)

# A hostile page of a megabyte takes seconds; of so many bytes, a few milliseconds.
_AT_ONCE_BYTES = 8 * 1024
# Threads of their own: whoever waits for the disk does not wait for them.
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="parse")


class ParserFailedError(Exception):
    """A parser broke its contract: a bug of ours. The message names the error, not what it held."""


async def parse(channel: Channel, request: InboundRequest) -> Sequence[IncomingEvent]:
    """Return what a proved request tells.

    Raise ``InvalidRequestError`` as ``parse`` of the channel does, ``ParserFailedError`` for
    anything else that it raises.
    """
    try:
        if len(request.body) <= _AT_ONCE_BYTES:
            return channel.parse(request)
        return await beside_the_loop(lambda: channel.parse(request))
    except InvalidRequestError:
        raise
    except Exception as error:
        log.exception("a parser failed", channel=channel.kind)
        raise ParserFailedError(
            f"the parser of {channel.kind} failed: {type(error).__name__}"
        ) from error


async def beside_the_loop(read: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, read)
