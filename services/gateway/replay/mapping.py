"""Find a mapping: shipped ones by their name, the user's own by its path."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from services.gateway.replay.mapping_file import parse_mapping
from services.gateway.replay.rules import MappingError, ReplayMapping

__all__ = ["MappingError", "ReplayMapping", "list_mappings", "load_mapping"]

_SHIPPED = files("services.gateway.replay") / "mappings"
_SUFFIXES = (".yaml", ".yml")


def list_mappings() -> tuple[str, ...]:
    """Return the names of the shipped mappings, sorted."""
    names = (entry.name for entry in _SHIPPED.iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


def load_mapping(name: str | Path) -> ReplayMapping:
    """Load a shipped mapping by its name, or the user's own by the path of its YAML file.

    Raises MappingError when there is no such mapping or it cannot be used.
    """
    if str(name) in list_mappings():
        source = _SHIPPED / f"{name}.yaml"
        return parse_mapping(source.read_bytes(), source=f"{name}.yaml", name=str(name))
    path = Path(name)
    if path.suffix not in _SUFFIXES:
        raise MappingError(
            f"there is no mapping named {str(name)!r}: use one of {', '.join(list_mappings())}, "
            "or the path of your own .yaml file"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MappingError(
            f"{path}: cannot be read ({error.strerror}): check the path, or use one of "
            f"{', '.join(list_mappings())}"
        ) from error
    return parse_mapping(content, source=str(path), name=path.stem)
