"""Reads a stream as fast as it comes and gives out what has gathered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

_MOST_WAITING = 2_000


async def batched(lines: AsyncIterator[bytes], most: int = 200) -> AsyncIterator[list[bytes]]:
    """Yield one line or more, as many as came while the last ones were dealt with.

    ``None`` in the queue is the stream's end; an error of the stream is raised behind its lines.
    """
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_WAITING)

    async def pump() -> None:
        try:
            async for line in lines:
                await waiting.put(line)
        finally:
            await waiting.put(None)

    pumping = asyncio.create_task(pump())
    try:
        while (first := await waiting.get()) is not None:
            batch: list[bytes] = [first]
            ended = False
            while len(batch) < most and not waiting.empty() and not ended:
                line = waiting.get_nowait()
                ended = line is None
                if line is not None:
                    batch.append(line)
            yield batch
            if ended:
                break
        await pumping
    finally:
        pumping.cancel()
