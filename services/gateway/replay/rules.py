"""The rules of a mapping: how the columns of a file become events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Literal, TypeAlias, get_args

from services.gateway.replay.records import CaseStatus

RowKind: TypeAlias = Literal["messages", "status-changes", "both"]
FormatName: TypeAlias = Literal["csv", "ndjson"]
ThreadRule: TypeAlias = Literal["reply-chain", "column"]
ThreadIds: TypeAlias = Literal["namespaced", "channel"]
BrandRuleName: TypeAlias = Literal["organisation-account", "column", "fixed"]
AccountRuleName: TypeAlias = Literal["brand", "fixed"]

# In the order of a case's life: it also settles the order of changes at the same instant.
STATUSES: tuple[CaseStatus, ...] = get_args(CaseStatus)
ROW_KINDS: tuple[RowKind, ...] = get_args(RowKind)
FORMAT_NAMES: tuple[FormatName, ...] = get_args(FormatName)
THREAD_RULES: tuple[ThreadRule, ...] = get_args(ThreadRule)
THREAD_IDS: tuple[ThreadIds, ...] = get_args(ThreadIds)
BRAND_RULES: tuple[BrandRuleName, ...] = get_args(BrandRuleName)
ACCOUNT_RULES: tuple[AccountRuleName, ...] = get_args(AccountRuleName)


class MappingError(ValueError):
    """A mapping cannot be used; the message names the file, the key and the remedy."""


@dataclass(frozen=True, slots=True)
class FileRule:
    format: FormatName
    delimiter: str = ","
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Columns:
    """The file's column (or key, dots for nested ones) of each field; "" where there is none."""

    id: str = ""
    time: str = ""
    author: str = ""
    direction: str = ""
    text: str = ""
    parent: str = ""
    case: str = ""
    status: str = ""
    assignee: str = ""
    priority: str = ""
    brand: str = ""
    channel: str = ""
    author_name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class TimeRule:
    """``formats`` are tried in order; ``zone`` holds for times that name no offset."""

    formats: tuple[str, ...]
    zone: str = ""


@dataclass(frozen=True, slots=True)
class DirectionRule:
    """The words of the direction column, compared without regard to case."""

    customer: tuple[str, ...]
    agent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BrandRule:
    rule: BrandRuleName = "fixed"
    value: str = ""


@dataclass(frozen=True, slots=True)
class AccountRule:
    rule: AccountRuleName = "fixed"
    value: str = ""


@dataclass(frozen=True, slots=True)
class ReplayMapping:
    """All rules for one kind of file; the keys of ``statuses`` are case-folded.

    ``channel`` holds for rows that name none. Of ``rows`` that are "both", those with a status are
    status changes and the others messages. With ``thread_ids`` of the channel, what comes live
    later belongs to the file's threads.
    """

    name: str
    description: str
    rows: RowKind
    namespace: str
    channel: str
    organisation: str
    file: FileRule
    columns: Columns
    time: TimeRule
    thread: ThreadRule
    thread_ids: ThreadIds = "namespaced"
    direction: DirectionRule | None = None
    brand: BrandRule = field(default_factory=BrandRule)
    account: AccountRule = field(default_factory=AccountRule)
    statuses: Mapping[str, CaseStatus] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """Return a hash of what the mapping does; its name and description do not matter."""
        parts = {k: v for k, v in asdict(self).items() if k not in {"name", "description"}}
        return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
