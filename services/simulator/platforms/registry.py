"""All imitated platforms. A new one is a module beside this and a line here."""

from __future__ import annotations

from services.simulator.platforms.platform import Sandbox

SANDBOXES: tuple[Sandbox, ...] = ()
