"""The page about the web chat shows settings that the gateway takes."""

from __future__ import annotations

import re
from pathlib import Path

from services.gateway.adapters.accounts_file import read_accounts
from services.gateway.channels.registry import CHANNELS
from services.gateway.channels.web_chat import WebChatSettings
from services.gateway.domain.chat_frames import _READERS

PAGE = Path(__file__).parents[4] / "docs" / "channels" / "web-chat.md"


def test_the_settings_of_the_page_are_taken(tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    path = tmp_path / "accounts.yaml"
    path.write_text(found[1], encoding="utf-8")
    [account] = read_accounts(path, CHANNELS, {"ACME_CHAT_SECRET": "s" * 64})
    settings = account.settings
    assert isinstance(settings, WebChatSettings)
    assert settings.invitations[0].returning == "no"
    assert settings.greetings["de"].startswith("Guten Tag")


def test_every_frame_of_the_widget_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in _READERS if f'{{"type": "{kind}"' not in page] == []


def test_every_setting_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    names = [name for name in WebChatSettings.__dataclass_fields__ if name != "secrets"]
    assert [name for name in names if f"`{name}`" not in page] == []
