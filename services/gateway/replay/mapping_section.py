"""One section of a mapping's YAML, read key by key; what nobody read is refused."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import yaml

from services.gateway.replay.rules import MappingError

Choice = TypeVar("Choice", bound=str)


class _TextLoader(yaml.BaseLoader):
    """Every scalar is a text (no "no" that becomes false), and no key may stand twice."""


def _construct_mapping(loader: _TextLoader, node: yaml.MappingNode) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str) or key in entries:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} stands twice or is no text", key_node.start_mark
            )
        entries[key] = loader.construct_object(value_node, deep=True)
    return entries


_TextLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)


def load_yaml(content: bytes) -> object:
    """Return texts, lists and dicts with text keys. Raises yaml.YAMLError."""
    return cast("object", yaml.load(content, Loader=_TextLoader))  # noqa: S506 - builds texts only


class Section:
    def __init__(self, source: str, path: str, value: object) -> None:
        self._source = source
        self._path = path
        if not isinstance(value, dict):
            raise self.error("", "must hold keys and values")
        self._values = cast("dict[str, object]", value)
        self._read: set[str] = set()

    def error(self, key: str, problem: str) -> MappingError:
        place = ".".join(part for part in (self._path, key) if part)
        return MappingError(f"{self._source}: {place}{' ' if place else ''}{problem}")

    def words(self) -> tuple[str, ...]:
        return tuple(self._values)

    def text(self, key: str, *, default: str | None = None, strip: bool = True) -> str:
        self._read.add(key)
        value = self._values.get(key, default)
        if not isinstance(value, str):
            raise self.error(key, "is missing" if value is None else "must be one text")
        value = value.strip() if strip else value
        if not value and default is None:
            raise self.error(key, "is empty: give it a value")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        self._read.add(key)
        value = self._values.get(key)
        if not isinstance(value, list) or not value:
            raise self.error(key, "must be a list with at least one text")
        if not all(isinstance(one, str) and one for one in value):
            raise self.error(key, "must hold texts only, none of them empty")
        return tuple(cast("list[str]", value))

    def choice(
        self, key: str, options: tuple[Choice, ...], *, default: Choice | None = None
    ) -> Choice:
        value = self.text(key, default=default)
        for option in options:
            if value == option:
                return option
        raise self.error(key, f"is {value!r}: use one of {', '.join(options)}")

    def section(self, key: str, *, optional: bool = False) -> Section:
        self._read.add(key)
        if key not in self._values and not optional:
            raise self.error(key, "is missing")
        path = f"{self._path}.{key}" if self._path else key
        return Section(self._source, path, self._values.get(key, {}))

    def refuse_unknown(self, known_to: str) -> None:
        """Raise MappingError when there is a key that nobody asked for."""
        unknown = [key for key in self._values if key not in self._read]
        if unknown:
            known = ", ".join(sorted(self._read))
            raise self.error(
                unknown[0], f"is not known to {known_to}: remove it, or use one of {known}"
            )
