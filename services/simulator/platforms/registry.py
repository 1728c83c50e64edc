"""All imitated platforms. A new one is a module beside this and a line here."""

from __future__ import annotations

from services.simulator.platforms.instagram import InstagramSandbox
from services.simulator.platforms.messenger import MessengerSandbox
from services.simulator.platforms.platform import Sandbox
from services.simulator.platforms.whatsapp import WhatsAppSandbox

SANDBOXES: tuple[Sandbox, ...] = (
    WhatsAppSandbox(),
    MessengerSandbox(),
    InstagramSandbox(),
)
