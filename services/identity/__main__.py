"""Run one of identity's lanes: ``python -m services.identity assign`` or ``… resolve``."""

from __future__ import annotations

import os
import sys

from services.identity.adapters.phone_numbers import UnknownRegionError
from services.identity.bootstrap import BOOTSTRAPS
from services.identity.settings import Settings
from services.kernel.settings import SettingsError, read_settings


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or arguments[0] not in BOOTSTRAPS:
        sys.exit(f"usage: python -m services.identity {'|'.join(BOOTSTRAPS)}; got {arguments}")
    try:
        service = BOOTSTRAPS[arguments[0]](read_settings(Settings, os.environ))
    except (SettingsError, UnknownRegionError) as error:
        sys.exit(str(error))
    service.run()


if __name__ == "__main__":
    main(sys.argv[1:])
