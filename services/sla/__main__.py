"""Run the sla service: ``python -m services.sla``."""

from __future__ import annotations

import os
import sys

from services.kernel.settings import SettingsError, read_settings
from services.sla.bootstrap import bootstrap
from services.sla.domain.plain_data import DataError
from services.sla.settings import Settings


def main() -> None:
    try:
        service = bootstrap(read_settings(Settings, os.environ))
    except (SettingsError, DataError) as error:
        sys.exit(str(error))
    service.run()


if __name__ == "__main__":
    main()
