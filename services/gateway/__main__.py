"""Run the gateway: ``python -m services.gateway take`` (what comes in) or ``… send`` (replies)."""

from __future__ import annotations

import os
import sys

from services.gateway.adapters.accounts_file import AccountsFileError
from services.gateway.adapters.cursor_folder import CursorFolderError
from services.gateway.adapters.disk_spool import SpoolError
from services.gateway.bootstrap import run
from services.gateway.bootstrap_send import bootstrap_send
from services.gateway.settings import SendSettings, Settings
from services.kernel.settings import SettingsError, read_settings


def take() -> None:
    run(read_settings(Settings, os.environ))


def send() -> None:
    bootstrap_send(read_settings(SendSettings, os.environ)).run()


PROCESSES = {"take": take, "send": send}


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or arguments[0] not in PROCESSES:
        sys.exit(f"usage: python -m services.gateway {'|'.join(PROCESSES)}; got {arguments}")
    try:
        PROCESSES[arguments[0]]()
    except (SettingsError, AccountsFileError, CursorFolderError, SpoolError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
