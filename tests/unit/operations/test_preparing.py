"""``make test`` installs what its tests use where it may, and else says what to install."""

from __future__ import annotations

import pytest

from deploy import system_packages
from deploy.local.prepare import install_system_packages
from deploy.system_packages import InstallError, SystemPackage


class Machine:
    def __init__(self, *, may_install: bool, reached: bool = True) -> None:
        self.may_install = may_install
        self.reached = reached
        self.absent = {"chromium", "prometheus"}
        self.wanted = tuple(
            SystemPackage(name, name, "a test", lambda name=name: name not in self.absent)  # type: ignore[misc]
            for name in ("chromium", "fonts-noto-cjk", "prometheus")
        )

    def missing(self) -> list[SystemPackage]:
        return [each for each in self.wanted if not each.is_present()]

    def can_install(self) -> bool:
        return self.may_install

    def install(self, packages: list[SystemPackage]) -> None:
        if not self.reached:
            raise InstallError("apt-get update failed: no route")
        self.absent -= {each.package for each in packages}


def on(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("missing", "can_install", "install"):
        monkeypatch.setattr(system_packages, name, getattr(machine, name))
    return install_system_packages()


def test_root_on_debian_gets_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(may_install=True)
    assert on(machine, monkeypatch) == ""
    assert machine.missing() == []


def test_anybody_else_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(may_install=False)
    assert on(machine, monkeypatch).endswith("apt-get install chromium prometheus")


def test_a_failed_installation_says_why_and_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(may_install=True, reached=False)
    advice = on(machine, monkeypatch)
    assert "apt-get install chromium prometheus" in advice
    assert "no route" in advice
