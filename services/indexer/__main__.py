"""Run the indexer: ``python -m services.indexer``."""

from __future__ import annotations

import os
import sys

from services.indexer.bootstrap import bootstrap
from services.indexer.settings import Settings
from services.kernel.settings import SettingsError, read_settings


def main() -> None:
    try:
        settings = read_settings(Settings, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    bootstrap(settings).run()


if __name__ == "__main__":
    main()
