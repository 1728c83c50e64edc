"""The rules for identifiers as a YAML file."""

from __future__ import annotations

from pathlib import Path

import yaml

from services.identity.domain.identifier_rules import IdentifierRules, RulesError, parse


def load_rules(path: Path) -> IdentifierRules:
    """Read the file; an error names the place in it and what belongs there."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise RulesError(f"{path} is not YAML: {error}") from error
    try:
        return parse(document)
    except RulesError as error:
        raise RulesError(f"{path}: {error}") from error
