from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from services.gateway.adapters import accounts_file
from services.gateway.adapters.accounts_file import AccountsFileError, read_accounts
from services.gateway.channels.base import SecretSettings
from services.gateway.channels.registry import CHANNELS
from services.gateway.domain.account import Account

SECRET = "whsec_" + b64encode(b"x" * 32).decode()
EXAMPLE = Path(accounts_file.__file__).parents[1] / "accounts.example.yaml"


def read(path: Path, text: str, **environ: str) -> list[Account]:
    path.write_text(text, encoding="utf-8")
    return list(read_accounts(path, CHANNELS, environ))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounts.yaml"


def one(**fields: str) -> str:
    given = {"organisation": "acme", "account": "shop", "channel": "webhook"} | fields
    return "accounts:\n  - " + "\n    ".join(f"{name}: {value}" for name, value in given.items())


def test_the_documented_example_is_valid() -> None:
    environ = {
        "ACME_SHOP_WEBHOOK_SECRET": SECRET,
        "ACME_TELEGRAM_SECRET": "token",
        "ACME_CHAT_SECRET": "s" * 64,
    }
    accounts = list(read_accounts(EXAMPLE, CHANNELS, environ))
    assert [(one.channel, one.account, one.secrets) for one in accounts] == [
        ("webhook", "shop", (SECRET,)),
        ("telegram", "AcmeCareBot", ("token",)),
        ("web_chat", "site", ("s" * 64,)),
    ]


def test_a_secret_stands_in_the_file_or_in_the_environment(path: Path) -> None:
    assert read(path, one(secret=SECRET))[0].secrets == (SECRET,)
    assert read(path, one(secret="env:S"), S=SECRET)[0].secrets == (SECRET,)


def test_an_account_without_a_secret_is_known_and_has_none(path: Path) -> None:
    account = Account("acme", "shop", "webhook", SecretSettings(), "acme")
    assert read(path, one(brand="acme")) == [account]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("accounts: [", "is not YAML"),
        ("", "Expected `object`"),
        ("accounts: {}", r"Expected `array`, got `object` - at `\$\.accounts`"),
        (one(colour="red"), "unknown field `colour`"),
        (
            one(channel="fax"),
            r"accounts\[0\]\.channel: 'fax' is unknown; use .*, telegram, ",
        ),
        (one(account="a/b"), r"accounts\[0\]\.account: 'a/b' is not a name"),
        (one(secret="env:MISSING"), r"secret: the environment variable MISSING is not set"),
        (one(secret="guess"), r"accounts\[0\]\.secret: a secret is \"whsec_\""),
        (one() + "\n  - " + one().split("- ")[1], r"accounts\[1\]: webhook/acme/shop stands there"),
    ],
)
def test_a_mistake_is_named_with_its_place(path: Path, text: str, reason: str) -> None:
    with pytest.raises(AccountsFileError, match=reason) as caught:
        read(path, text)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(AccountsFileError, match="CARELINE_ACCOUNTS"):
        read_accounts(path, CHANNELS, {})
