"""The image's recipe, by hadolint."""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.check.results import Result, complaints, judged

SUBJECT = "image"
FILE = "deploy/images/Dockerfile"


def check_image() -> Result:
    # Beside the interpreter: the development dependencies bring it.
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        return judged(SUBJECT, [f"{hadolint} is missing: run `uv sync`"], "")
    return judged(SUBJECT, complaints(str(hadolint), FILE), f"{FILE}: hadolint finds nothing")
