"""Run the KPI service: ``python -m services.kpi``."""

from __future__ import annotations

import os
import sys

from services.kernel.settings import SettingsError, read_settings
from services.kpi.bootstrap import bootstrap
from services.kpi.settings import Settings


def main() -> None:
    try:
        settings = read_settings(Settings, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    bootstrap(settings).run()


if __name__ == "__main__":
    main()
