"""Runs each account's source beside the requests, and says how each is doing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import structlog

from services.gateway.domain.account import Account
from services.gateway.domain.incoming import PullDue
from services.gateway.sources.source import Source, Surroundings
from services.kernel.clock import Clock

log = structlog.get_logger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0
# Whoever ran so long is well again.
_WELL_US = 60 * 1_000_000
_MOST_DUE = 1_000


class Bell:
    """What one account's source is told from outside, and what it tells of itself."""

    def __init__(self, account: str = "") -> None:
        self._account = account
        self.trouble = ""
        self._due: dict[str, PullDue] = {}
        self._rung = asyncio.Event()

    def ring(self, due: PullDue) -> None:
        """Remember what can be pulled; of the same scope the latest permission holds."""
        if due.scope in self._due or len(self._due) < _MOST_DUE:
            self._due[due.scope] = due
        self._rung.set()

    async def next_due(self, seconds: float) -> PullDue | None:
        if not self._due:
            self._rung.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._rung.wait()
            except TimeoutError:
                return None
        return self._due.pop(next(iter(self._due)))

    def report(self, trouble: str = "") -> None:
        if trouble != self.trouble and trouble:
            log.warning("a source is in trouble", account=self._account, trouble=trouble)
        self.trouble = trouble


class Surround(Protocol):
    """Builds what an account's source may use."""

    def __call__(self, account: Account, bell: Bell) -> Surroundings: ...


class Watcher:
    """All sources of all accounts. A bug in one ends ``run`` with it, and so the process."""

    def __init__(
        self,
        accounts: Iterable[Account],
        sources: Sequence[Source],
        surround: Surround,
        clock: Clock,
    ) -> None:
        # An account may have several: a mailbox that is read, and a server that takes mail.
        self._watched = [
            (account, source, Bell(_name(account)))
            for account in accounts
            for source in sources
            if source.kind == account.channel and source.wanted(account.settings)
        ]
        self._surround = surround
        self._clock = clock

    def pull_due(self, account: Account, due: PullDue) -> None:
        """Wake an account's source; an account without one has nothing to pull."""
        bells = [bell for watched, _, bell in self._watched if _name(watched) == _name(account)]
        if not bells:
            log.warning("nothing pulls for this account", account=_name(account))
        for bell in bells:
            bell.ring(due)

    def report(self) -> Mapping[str, str]:
        """Return the trouble of each account's sources; "" is well."""
        troubles: dict[str, str] = {}
        for account, _, bell in self._watched:
            name = _name(account)
            troubles[name] = troubles.get(name) or bell.trouble
        return troubles

    async def run(self) -> None:
        """Run until cancelled."""
        if not self._watched:
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as group:
            for account, source, bell in self._watched:
                group.create_task(
                    self._watch(account, source, bell), name=f"source {_name(account)}"
                )

    async def _watch(self, account: Account, source: Source, bell: Bell) -> None:
        around = self._surround(account, bell)
        pause = _FIRST_PAUSE_SECONDS
        while True:
            started_at_us = self._clock.now_us()
            try:
                await source.run(around, account.settings)
                bell.report("the source ended by itself; it is started again")
            except ConnectionError as error:
                bell.report(str(error) or type(error).__name__)
            if self._clock.now_us() - started_at_us > _WELL_US:
                pause = _FIRST_PAUSE_SECONDS
            await around.pause(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _name(account: Account) -> str:
    return f"{account.channel}/{account.organisation}/{account.account}"
