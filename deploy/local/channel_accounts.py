"""The accounts on the channels of a local stack, with secrets of its own.

They are those of the organisation that ``careline simulate`` and ``careline demo`` play.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from pathlib import Path

from deploy.local.private_files import private_file

ORGANISATION = "demo"
BRANDS = ("lumio", "qinghe")

_WEBHOOK_KEY_BYTES = 32


def accounts_file(run_dir: Path) -> Path:
    """Return the run folder's accounts file, made with new secrets at its first use."""
    return private_file(run_dir / "secrets" / "accounts.yaml", _content)


def _content() -> str:
    accounts = [
        account
        for brand in BRANDS
        for account in (_webhook(f"{brand}-shop", brand), _telegram(f"{brand}-bot", brand))
    ]
    chat = _web_chat("chat", BRANDS[0])
    return "accounts:\n" + "\n".join([*accounts, _webhook("desk", ""), chat]) + "\n"


def _webhook(account: str, brand: str) -> str:
    key = b64encode(secrets.token_bytes(_WEBHOOK_KEY_BYTES)).decode()
    return _entry(account, "webhook", brand, f"whsec_{key}")


def _telegram(account: str, brand: str) -> str:
    return _entry(account, "telegram", brand, secrets.token_urlsafe(_WEBHOOK_KEY_BYTES))


def _web_chat(account: str, brand: str) -> str:
    return _entry(account, "web_chat", brand, secrets.token_urlsafe(_WEBHOOK_KEY_BYTES))


def _entry(account: str, channel: str, brand: str, secret: str) -> str:
    return (
        f"  - organisation: {ORGANISATION}\n"
        f"    account: {account}\n"
        f"    channel: {channel}\n"
        f'    brand: "{brand}"\n'
        f'    secret: "{secret}"'
    )
