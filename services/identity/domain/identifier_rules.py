"""Rules for identifiers: which are unique, how many a customer may have, how long they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_DAY_US = 86_400_000_000
_KEYS = ("kind", "unique", "limit", "window_days", "carriers", "joins")


class RulesError(ValueError):
    """The rules cannot be applied as they are written."""


@dataclass(frozen=True, slots=True)
class IdentifierRule:
    """One kind of identifier. The order of the rules is their priority."""

    kind: str
    # Two values of a unique kind are two customers, whatever else they share.
    unique: bool = False
    # So many values of the kind may one customer have; 0: any number.
    limit: int = 0
    # Unseen for longer than this, a value may have gone to somebody else; 0: it holds for ever.
    window_us: int = 0
    # Carried by more parties than this, a value says nothing any more.
    carriers: int = 50
    # A kind that joins nobody may still forbid a join.
    joins: bool = True


@dataclass(frozen=True, slots=True)
class IdentifierRules:
    """All rules, the strongest kind first."""

    rules: tuple[IdentifierRule, ...]

    def of(self, kind: str) -> IdentifierRule:
        for rule in self.rules:
            if rule.kind == kind:
                return rule
        known = ", ".join(rule.kind for rule in self.rules)
        raise RulesError(f"no rule for identifiers of kind {kind!r}; there are rules for: {known}")

    def rank(self, kind: str) -> int:
        return self.rules.index(self.of(kind))


def parse(document: object) -> IdentifierRules:
    """Read the rules from what a YAML file holds: ``identifiers``, a list in order of priority."""
    if not isinstance(document, Mapping) or not isinstance(document.get("identifiers"), list):
        raise RulesError("the rules must be a mapping with a list under 'identifiers'")
    rules = tuple(
        _rule(each, f"identifiers[{at}]") for at, each in enumerate(document["identifiers"])
    )
    kinds = [rule.kind for rule in rules]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise RulesError(f"identifiers names the kind {kind!r} twice; keep one of them")
    return IdentifierRules(rules)


def _rule(document: object, place: str) -> IdentifierRule:
    if not isinstance(document, Mapping):
        raise RulesError(f"{place} must be a mapping with 'kind'")
    for key in document:
        if key not in _KEYS:
            raise RulesError(f"{place} has {key!r}; known: {', '.join(_KEYS)}")
    kind = document.get("kind")
    if not isinstance(kind, str) or not kind:
        raise RulesError(f"{place}.kind must name a kind of identifier, such as phone")
    return IdentifierRule(
        kind,
        unique=_flag(document, "unique", place, default=False),
        limit=_count(document, "limit", place, 0),
        window_us=_count(document, "window_days", place, 0) * _DAY_US,
        carriers=_count(document, "carriers", place, 50),
        joins=_flag(document, "joins", place, default=True),
    )


def _flag(document: Mapping[str, object], key: str, place: str, *, default: bool) -> bool:
    value = document.get(key, default)
    if not isinstance(value, bool):
        raise RulesError(f"{place}.{key} must be true or false, not {value!r}")
    return value


def _count(document: Mapping[str, object], key: str, place: str, default: int) -> int:
    value = document.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise RulesError(f"{place}.{key} must be a whole number from 0 on, not {value!r}")
    return value


DEFAULT_RULES = IdentifierRules(
    (
        IdentifierRule("crm_id", unique=True),
        IdentifierRule("unionid", unique=True),
        IdentifierRule("openid", limit=0),
        IdentifierRule("phone", limit=5, window_us=540 * _DAY_US),
        IdentifierRule("email", limit=5),
        IdentifierRule("device", limit=20, window_us=30 * _DAY_US, carriers=5),
        IdentifierRule("cookie", limit=50, window_us=30 * _DAY_US, carriers=5),
    )
)
