"""Settings are read from the environment once, at start, into a frozen dataclass.

A field ``kafka: str`` is read from ``CARELINE_KAFKA``; a field without a default is required, and
a missing or malformed one stops the process with a message that names the variable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

PREFIX = "CARELINE_"

T = TypeVar("T")

_PARSERS: dict[object, Callable[[str], object]] = {
    str: str,
    int: int,
    float: float,
    Path: Path,
    bool: lambda text: {"true": True, "1": True, "false": False, "0": False}[text.lower()],
}


class SettingsError(ValueError):
    """One or more settings are missing or malformed; the message names each."""


def read_settings(cls: type[T], environ: Mapping[str, str]) -> T:
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in fields(cls):  # type: ignore[arg-type]
        variable = PREFIX + field.name.upper()
        text = environ.get(variable, "")
        if text:
            try:
                values[field.name] = _PARSERS[hints[field.name]](text)
            except (ValueError, KeyError):
                expected = getattr(hints[field.name], "__name__", str(hints[field.name]))
                problems.append(f"{variable}={text!r} is not a valid {expected}")
        elif field.default is MISSING and field.default_factory is MISSING:
            problems.append(f"{variable} is not set")
    if problems:
        raise SettingsError(
            f"{cls.__module__}: " + "; ".join(problems) + ". Set them in the environment."
        )
    return cls(**values)
