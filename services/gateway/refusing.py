"""Who is turned away, counted and logged by account."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from services.gateway.domain.account import Account
from services.gateway.domain.inbound import RefusedError

log = structlog.get_logger(__name__)


class NoSecretError(Exception):
    """The account has no secret: nobody can prove to speak for it."""


@dataclass(slots=True)
class Tally:
    """What one account has seen since the start."""

    accepted: int = 0
    refused: int = 0


class Refusals:
    """Counts and logs whoever is turned away inside the block."""

    def __init__(self, tally: Tally, account: Account) -> None:
        self._tally = tally
        self._account = account

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        _ = kind, trace
        if isinstance(error, NoSecretError | RefusedError):
            self._tally.refused += 1
            log.warning("request refused", reason=str(error), **labels_of(self._account))


def require_secret(account: Account) -> None:
    if not account.secrets:
        raise NoSecretError("the account has no secret; set one in the accounts file")


def labels_of(account: Account) -> dict[str, str]:
    return {
        "channel": account.channel,
        "organisation": account.organisation,
        "account": account.account,
    }
