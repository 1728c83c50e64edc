from __future__ import annotations

from pathlib import Path

import pytest

from services.gateway.__main__ import main
from services.gateway.adapters.accounts_file import AccountsFileError
from services.gateway.bootstrap_send import bootstrap_send
from services.gateway.settings import SendSettings


@pytest.mark.parametrize("arguments", [[], ["receive"], ["take", "send"]])
def test_the_gateway_says_which_processes_it_has(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"take\|send"):
        main(arguments)


def test_a_sender_without_its_settings_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CARELINE_KAFKA", "CARELINE_METRICS_PORT", "CARELINE_GRPC_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit, match="CARELINE_KAFKA is not set"):
        main(["send"])


def test_a_sender_starts_without_accounts_and_stops_at_a_bad_file(tmp_path: Path) -> None:
    settings = SendSettings(kafka="127.0.0.1:1", grpc_port=1, metrics_port=2)
    assert bootstrap_send(settings).core.spec.name == "gateway.send"
    missing = SendSettings(
        kafka="127.0.0.1:1", grpc_port=1, metrics_port=2, accounts=str(tmp_path / "none.yaml")
    )
    with pytest.raises(AccountsFileError, match=r"none\.yaml"):
        bootstrap_send(missing)
