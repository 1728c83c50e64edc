"""Moves live time in partitions where nothing happens."""

from __future__ import annotations

import asyncio

from services.gateway.domain.ticking import TICK_EVERY_US, quiet_partitions
from services.gateway.events import live_tick
from services.gateway.publishing import BatchPublisher
from services.kernel.clock import Clock


class LiveTicker:
    """Ticks every quiet partition once a second while the log answers.

    While it does not, spooled events wait, and time must not overtake them. One gateway's ticks
    would do, but every gateway ticks: time only moves forward, so a second tick changes nothing.
    """

    def __init__(self, publisher: BatchPublisher, clock: Clock) -> None:
        self._publisher = publisher
        self._clock = clock

    async def run(self) -> None:
        while True:
            rest_us = TICK_EVERY_US - self._clock.now_us() % TICK_EVERY_US
            await asyncio.sleep(rest_us / 1_000_000)
            self.tick()

    def tick(self) -> None:
        if not self._publisher.direct:
            return
        now_us = self._clock.now_us()
        for partition in quiet_partitions(self._publisher.latest_at_us, now_us):
            self._publisher.publish_to(partition, live_tick(partition, now_us))
