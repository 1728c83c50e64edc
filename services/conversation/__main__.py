"""Run the conversation service: ``python -m services.conversation``."""

from __future__ import annotations

import os
import sys

from services.conversation.bootstrap import bootstrap
from services.conversation.settings import Settings
from services.kernel.settings import SettingsError, read_settings


def main() -> None:
    try:
        service = bootstrap(read_settings(Settings, os.environ))
    except SettingsError as error:
        sys.exit(str(error))
    service.run()


if __name__ == "__main__":
    main()
