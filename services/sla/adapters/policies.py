"""Where policies come from: a YAML file of the organisation's, or what is built in."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from services.sla.domain.default_policies import DEFAULT_POLICIES
from services.sla.domain.plain_data import DataError
from services.sla.domain.policies import PolicyBook
from services.sla.domain.policy_data import book_from_mapping


class BuiltInPolicies:
    """Satisfies :class:`services.sla.ports.PolicySource`."""

    def load(self) -> PolicyBook:
        return book_from_mapping(DEFAULT_POLICIES, "built-in policies")


class PolicyFile:
    """Satisfies :class:`services.sla.ports.PolicySource`; DataError names file and place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> PolicyBook:
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"{self._path}: cannot be read as a policies file ({error}); correct "
                "CARELINE_POLICIES, or leave it unset for the built-in policies"
            ) from error
        try:
            document = yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader
            return book_from_mapping(document, "")
        except (yaml.YAMLError, DataError) as error:
            raise DataError(f"{self._path}: {error}") from error


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would take the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands here twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep=deep)
