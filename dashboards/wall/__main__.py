"""Run the KPI wall: ``python -m dashboards.wall``."""

from __future__ import annotations

import os
import sys

from dashboards.wall.bootstrap import bootstrap
from dashboards.wall.settings import Settings
from services.kernel.settings import SettingsError, read_settings


def main() -> None:
    try:
        wall = bootstrap(read_settings(Settings, os.environ))
    except SettingsError as error:
        sys.exit(str(error))
    wall.run()


if __name__ == "__main__":
    main()
