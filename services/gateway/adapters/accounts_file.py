"""Reads the organisation's accounts from a YAML file; see ``accounts.example.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import yaml

from services.gateway.domain.account import Account, Accounts
from services.gateway.domain.channel import Channel
from services.gateway.domain.keys import is_name

_FROM_ENVIRONMENT = "env:"
_FROM_FILE = "file:"
_SECRETS = "secrets"


class AccountsFileError(ValueError):
    """The file cannot be used; the message names the place and the remedy."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    organisation: str
    account: str
    channel: str
    brand: str = ""
    # Or a list, while one secret is being replaced by another.
    secret: str | list[str] | None = None
    # The channel's own: ids, tokens for the way out, addresses.
    settings: dict[str, Any] = {}


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
    references = _References(path.parent, environ)
    accounts: dict[tuple[str, str, str], Account] = {}
    for index, entry in enumerate(entries):
        place = f"{path}: accounts[{index}]"
        account = _account(place, entry, kinds, references)
        address = (account.channel, account.organisation, account.account)
        if address in accounts:
            raise AccountsFileError(f"{place}: {'/'.join(address)} stands there already")
        accounts[address] = account
    return Accounts(accounts.values())


def _account(
    place: str, entry: _Entry, kinds: Mapping[str, Channel], references: _References
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
        settings=_settings(place, entry, channel, references),
    )


def _settings(place: str, entry: _Entry, channel: Channel, references: _References) -> Any:
    """Build the channel's settings; no secret is allowed and means that requests are refused."""
    known = [one.name for one in fields(channel.settings) if one.name != _SECRETS]
    for name in entry.settings:
        if name not in known:
            takes = f"{channel.kind} knows {', '.join(known)}" if known else "it has none"
            raise AccountsFileError(f"{place}.settings.{name}: is no setting; {takes}")
    given = {
        name: references.follow(f"{place}.settings.{name}", value)
        for name, value in entry.settings.items()
    }
    listed = [entry.secret] if isinstance(entry.secret, str) else entry.secret or []
    given[_SECRETS] = references.follow(f"{place}.secret", listed)
    try:
        settings = msgspec.convert(given, channel.settings)
    except msgspec.ValidationError as error:
        raise AccountsFileError(f"{place}.settings: {error}") from error
    try:
        channel.check(settings)
    except ValueError as error:
        at = f"{place}.secret" if listed else place
        raise AccountsFileError(f"{at}: {error}") from error
    return settings


class _References:
    """Turns "env:NAME" and "file:PATH" into what they stand for, wherever they stand."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ

    def follow(self, place: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self.follow(place, one) for one in value]
        if isinstance(value, dict):
            return {name: self.follow(f"{place}.{name}", one) for name, one in value.items()}
        if not isinstance(value, str):
            return value
        if value.startswith(_FROM_ENVIRONMENT):
            return self._variable(place, value.removeprefix(_FROM_ENVIRONMENT))
        if value.startswith(_FROM_FILE):
            return self._file(place, value.removeprefix(_FROM_FILE))
        return value

    def _variable(self, place: str, name: str) -> str:
        found = self._environ.get(name, "")
        if not found:
            raise AccountsFileError(f"{place}: the environment variable {name} is not set")
        return found

    def _file(self, place: str, name: str) -> str:
        """Relative names start at the accounts file; a line end at the end is the editor's."""
        path = self._folder / name
        try:
            found = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise AccountsFileError(f"{place}: {path} cannot be read: {error}") from error
        if not found:
            raise AccountsFileError(f"{place}: {path} is empty")
        return found
