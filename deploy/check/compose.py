"""The compose file: its form, by the Compose Specification, and what it refers to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from deploy.check.results import REPOSITORY, Result, judged

SUBJECT = "compose file"
FILE = "docker-compose.yml"
SCHEMA = Path(__file__).parent / "schemas" / "compose-spec.json"

_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::?-([^}]*))?")
_PINNED = re.compile(r":v?\d+\.\d+(\.\d+)?$")


def check_compose() -> Result:
    text = (REPOSITORY / FILE).read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    example = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
    problems = [
        *_violations(document),
        *unpinned_images(document),
        *missing_files(document, REPOSITORY),
        *undocumented_variables(text, example),
    ]
    services = len(document["services"])
    return judged(SUBJECT, problems, f"{services} services, valid by the Compose Specification")


def _violations(document: Any) -> Iterator[str]:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for error in Draft202012Validator(schema).iter_errors(document):
        yield f"{FILE}: {error.json_path}: {error.message}"


def unpinned_images(document: Any) -> Iterator[str]:
    """Images that are pulled need a version: `latest` is another program tomorrow."""
    for name, service in document["services"].items():
        image = service.get("image", "")
        if not image.startswith("careline:") and not _PINNED.search(image):
            yield f"{FILE}: services.{name}.image: {image!r} names no version"


def missing_files(document: Any, root: Path) -> Iterator[str]:
    """Docker makes a folder of a mounted file that does not exist."""
    for name, service in document["services"].items():
        for volume in service.get("volumes", ()):
            source = _VARIABLE.sub(lambda match: match[2] or "", volume).replace("}", "")
            source = source.split(":")[0]
            if source.startswith("./") and not (root / source).exists():
                yield f"{FILE}: services.{name}.volumes: {source} does not exist"


def undocumented_variables(text: str, example: str) -> Iterator[str]:
    """Whoever must set a variable finds it in `.env.example`."""
    for variable in sorted({match[1] for match in _VARIABLE.finditer(text)}):
        if not re.search(rf"^#?{variable}=", example, re.MULTILINE):
            yield f"{FILE}: ${{{variable}}} is not in .env.example"
