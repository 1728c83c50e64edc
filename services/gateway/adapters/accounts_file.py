"""Reads the organisation's accounts from a YAML file; see ``accounts.example.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import yaml

from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.channel import Channel
from services.gateway.domain.keys import is_name

_FROM_ENVIRONMENT = "env:"


class AccountsFileError(ValueError):
    """The file cannot be used; the message names the place and the remedy."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    organisation: str
    account: str
    channel: str
    brand: str = ""
    # Or a list, while one secret is being replaced by another.
    secret: str | list[str] | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: list[_Entry]


def read_accounts(path: Path, channels: Sequence[Channel], environ: Mapping[str, str]) -> Accounts:
    """Read and check all accounts. Raise ``AccountsFileError``."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = msgspec.convert(document, _File).accounts
    except OSError as error:
        raise AccountsFileError(
            f"{path}: cannot be read ({error.strerror}); set CARELINE_ACCOUNTS to the accounts file"
        ) from error
    except yaml.YAMLError as error:
        raise AccountsFileError(f"{path}: is not YAML: {error}") from error
    except msgspec.ValidationError as error:
        raise AccountsFileError(f"{path}: {error}") from error
    kinds = {channel.kind: channel for channel in channels}
    accounts: dict[tuple[str, str, str], Account] = {}
    for index, entry in enumerate(entries):
        place = f"{path}: accounts[{index}]"
        account = _account(place, entry, kinds, environ)
        address = (account.channel, account.organisation, account.account)
        if address in accounts:
            raise AccountsFileError(f"{place}: {'/'.join(address)} stands there already")
        accounts[address] = account
    return Accounts(accounts.values())


def _account(
    place: str, entry: _Entry, kinds: Mapping[str, Channel], environ: Mapping[str, str]
) -> Account:
    for name in ("organisation", "account"):
        if not is_name(getattr(entry, name)):
            raise AccountsFileError(
                f"{place}.{name}: {getattr(entry, name)!r} is not a name; use letters, digits, "
                '".", "_" and "-"'
            )
    channel = kinds.get(entry.channel)
    if channel is None:
        raise AccountsFileError(
            f"{place}.channel: {entry.channel!r} is unknown; use one of {', '.join(sorted(kinds))}"
        )
    return Account(
        organisation=entry.organisation,
        account=entry.account,
        channel=entry.channel,
        brand=entry.brand,
        secrets=_secrets(f"{place}.secret", entry.secret, channel, environ),
    )


def _secrets(
    place: str, given: str | list[str] | None, channel: Channel, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """No secret is allowed and means that every request is refused."""
    listed = [given] if isinstance(given, str) else given or []
    secrets = []
    for text in listed:
        secret = text
        if text.startswith(_FROM_ENVIRONMENT):
            variable = text.removeprefix(_FROM_ENVIRONMENT)
            secret = environ.get(variable, "")
            if not secret:
                raise AccountsFileError(f"{place}: the environment variable {variable} is not set")
        try:
            channel.check_secret(secret)
        except ValueError as error:
            raise AccountsFileError(f"{place}: {error}") from error
        secrets.append(secret)
    return tuple(secrets)
