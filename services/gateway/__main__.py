"""Run the gateway: ``python -m services.gateway``."""

from __future__ import annotations

import os
import sys

from services.gateway.adapters.accounts_file import AccountsFileError
from services.gateway.adapters.disk_spool import SpoolError
from services.gateway.bootstrap import run
from services.gateway.settings import Settings
from services.kernel.settings import SettingsError, read_settings


def main() -> None:
    try:
        run(read_settings(Settings, os.environ))
    except (SettingsError, AccountsFileError, SpoolError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
