"""Commands that are imported only when they are asked for: most need one library each."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


class LazyGroup(TyperGroup):
    """A group whose commands are named as ``module:attribute``; see :func:`lazily`."""

    targets: Mapping[str, str] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(self.targets)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        target = self.targets.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            command = typer.main.get_command(found)
        else:
            single = typer.Typer(add_completion=False)
            single.command()(found)
            command = typer.main.get_command(single)
        command.name = cmd_name
        return command


def lazily(targets: Mapping[str, str]) -> type[LazyGroup]:
    """Return a group class of these commands, in this order."""
    return type("CarelineGroup", (LazyGroup,), {"targets": dict(targets)})
