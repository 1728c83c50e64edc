"""Whose secrets sign: the same accounts file that the gateway reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import yaml

TELEGRAM = "telegram"
WEBHOOK = "webhook"
_FROM_ENVIRONMENT = "env:"


class AccountsError(ValueError):
    """The accounts do not do; the message names what is missing and the remedy."""


@dataclass(frozen=True, slots=True)
class SendingAccount:
    organisation: str
    account: str
    channel: str
    brand: str
    secret: str = field(repr=False)


class _Entry(msgspec.Struct, frozen=True):
    organisation: str
    account: str
    channel: str
    brand: str = ""
    secret: str | list[str] | None = None


class _File(msgspec.Struct, frozen=True):
    accounts: list[_Entry]


class SendingAccounts:
    """The accounts of one organisation.

    Telegram's customers write to the bot of their brand, everybody else through the webhook account
    of the brand. Agents' answers and statuses come through one without a brand: the desk's.
    """

    def __init__(self, accounts: Sequence[SendingAccount]) -> None:
        self._accounts = accounts

    def for_customer(self, channel: str, brand: str) -> SendingAccount:
        kind = TELEGRAM if channel == TELEGRAM else WEBHOOK
        return self._find(kind, (brand, ""))

    def for_desk(self, brand: str) -> SendingAccount:
        return self._find(WEBHOOK, ("", brand))

    def _find(self, kind: str, brands: Sequence[str]) -> SendingAccount:
        for brand in brands:
            for account in self._accounts:
                if (account.channel, account.brand) == (kind, brand):
                    return account
        wanted = " or ".join(f"of the brand {brand!r}" if brand else "of none" for brand in brands)
        raise AccountsError(
            f"the accounts file has no {kind} account {wanted} with a secret: add one"
        )


def read_accounts(path: Path, organisation: str, environ: Mapping[str, str]) -> SendingAccounts:
    """Return the organisation's accounts that have a secret. Raise ``AccountsError``."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = msgspec.convert(document, _File).accounts
    except OSError as error:
        raise AccountsError(
            f"{path}: cannot be read ({error.strerror}); set CARELINE_ACCOUNTS to the gateway's "
            "accounts file"
        ) from error
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise AccountsError(f"{path}: is not an accounts file: {error}") from error
    own = [entry for entry in entries if entry.organisation == organisation]
    if not own:
        raise AccountsError(
            f"{path}: has no account of the organisation {organisation!r}; it has accounts of "
            f"{', '.join(sorted({entry.organisation for entry in entries})) or 'nobody'}"
        )
    return SendingAccounts(
        [
            SendingAccount(organisation, entry.account, entry.channel, entry.brand, secret)
            for entry in own
            if (secret := _secret(path, entry, environ))
        ]
    )


def _secret(path: Path, entry: _Entry, environ: Mapping[str, str]) -> str:
    """Return the newest secret; the last of a list, which holds the old one first."""
    given = entry.secret[-1] if isinstance(entry.secret, list) and entry.secret else entry.secret
    if not isinstance(given, str):
        return ""
    if not given.startswith(_FROM_ENVIRONMENT):
        return given
    variable = given.removeprefix(_FROM_ENVIRONMENT)
    secret = environ.get(variable, "")
    if not secret:
        raise AccountsError(
            f"{path}: the account {entry.account}: the environment variable {variable} is not set"
        )
    return secret
