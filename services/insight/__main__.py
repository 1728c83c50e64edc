"""Run the insight service: ``python -m services.insight``."""

from __future__ import annotations

import os
import sys

from services.insight.bootstrap import bootstrap
from services.insight.settings import Settings
from services.kernel.settings import SettingsError, read_settings


def main() -> None:
    try:
        settings = read_settings(Settings, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    bootstrap(settings).run()


if __name__ == "__main__":
    main()
