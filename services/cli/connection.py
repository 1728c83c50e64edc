"""Where the command finds Careline: the environment first, else the stack of the run folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from deploy.local.channel_accounts import accounts_file
from deploy.local.control import running_stack
from deploy.local.errors import LocalStackError
from deploy.local.run_folder import default_run_dir
from deploy.local.services import party_key


class NotConnectedError(RuntimeError):
    """Nothing says where Careline runs."""


def environment() -> Mapping[str, str]:
    """Return the ``CARELINE_…`` variables of the environment over those of the running stack."""
    own = {name: value for name, value in os.environ.items() if name.startswith("CARELINE_")}
    try:
        record = running_stack(default_run_dir())
    except LocalStackError:
        return own
    run_dir = Path(record.run_dir)
    return {
        **record.env,
        "CARELINE_PARTY_KEY": party_key(run_dir),
        "CARELINE_ACCOUNTS": str(accounts_file(run_dir)),
        **own,
    }


def address(variable: str) -> str:
    """Return a ``CARELINE_…`` address; raise with the remedy when there is none."""
    found = environment().get(variable)
    if not found:
        raise NotConnectedError(
            f"{variable} is not set and no local stack runs. Start one with `careline up`, or set "
            f"{variable} to where Careline runs."
        )
    return found
