"""Run the knowledge service: ``python -m services.knowledge``."""

from __future__ import annotations

import os
import sys

from services.kernel.settings import SettingsError, read_settings
from services.knowledge.bootstrap import run
from services.knowledge.settings import Settings


def main() -> None:
    try:
        settings = read_settings(Settings, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    run(settings)


if __name__ == "__main__":
    main()
