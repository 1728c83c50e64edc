"""The organisation's own accounts on the channels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Account:
    """``channel`` is the channel's kind, ``settings`` an instance of its settings class."""

    organisation: str
    account: str
    channel: str
    settings: Any = field(repr=False)
    brand: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what proves its requests; without any, every request is refused."""
        secrets: tuple[str, ...] = self.settings.secrets
        return secrets


class Accounts:
    """All accounts; an address names one by channel, organisation and account."""

    def __init__(self, accounts: Iterable[Account] = ()) -> None:
        self._accounts = {(one.channel, one.organisation, one.account): one for one in accounts}

    def find(self, channel: str, organisation: str, account: str) -> Account | None:
        return self._accounts.get((channel, organisation, account))

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def __len__(self) -> int:
        return len(self._accounts)
