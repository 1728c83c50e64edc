from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.errors import JdkNotFoundError
from deploy.local.jdk import REQUIRED_MODULES, find_jdk

FULL = " ".join(sorted(REQUIRED_MODULES))


def make_jdk(home: Path, version: str, modules: str = FULL) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").write_text("")
    (home / "bin" / "java").chmod(0o755)
    (home / "release").write_text(f'JAVA_VERSION="{version}"\nMODULES="java.base {modules}"\n')
    return home


def test_java_home_wins_over_the_path_and_the_installed_ones(tmp_path: Path) -> None:
    named = make_jdk(tmp_path / "named", "21.0.2")
    on_path = make_jdk(tmp_path / "on-path", "24")
    make_jdk(tmp_path / "jvm" / "newest", "25.0.3")

    jdk = find_jdk({"JAVA_HOME": str(named), "PATH": str(on_path / "bin")}, [tmp_path / "jvm"])

    assert (jdk.home, jdk.version) == (named, 21)
    assert jdk.java == named / "bin" / "java"


def test_an_old_java_on_the_path_gives_way_to_an_installed_jdk(tmp_path: Path) -> None:
    old = make_jdk(tmp_path / "old", "17.0.15")
    make_jdk(tmp_path / "jvm" / "a-jdk-21", "21.0.1")
    newest = make_jdk(tmp_path / "jvm" / "b-jdk-25", "25.0.3")
    make_jdk(tmp_path / "jvm" / "c-jdk-8", "1.8.0_402")

    assert find_jdk({"PATH": str(old / "bin")}, [tmp_path / "jvm"]).home == newest


def test_a_link_on_the_path_is_followed_to_its_jdk(tmp_path: Path) -> None:
    home = make_jdk(tmp_path / "jdk", "25")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")

    assert find_jdk({"PATH": str(tmp_path / "bin")}, []).home == home


def test_a_macos_bundle_is_entered(tmp_path: Path) -> None:
    home = make_jdk(tmp_path / "temurin-25.jdk" / "Contents" / "Home", "25")

    assert find_jdk({}, [tmp_path]).home == home.resolve()


def test_a_runtime_without_the_jdk_modules_is_passed_over(tmp_path: Path) -> None:
    make_jdk(tmp_path / "jre-25", "25", modules="")
    full = make_jdk(tmp_path / "jdk-21", "21")

    assert find_jdk({}, [tmp_path]).home == full


def test_without_a_jdk_the_error_says_what_to_install_and_why_others_do_not_do(
    tmp_path: Path,
) -> None:
    make_jdk(tmp_path / "jdk-17", "17")
    make_jdk(tmp_path / "jre-25", "25", modules="jdk.jdi jdk.jlink")

    with pytest.raises(JdkNotFoundError) as caught:
        find_jdk({"JAVA_HOME": str(tmp_path / "nowhere")}, [tmp_path])

    message = str(caught.value)
    assert "No JDK 21 or newer" in message
    assert "set JAVA_HOME" in message
    assert f"{tmp_path / 'nowhere'} has no bin/java" in message
    assert "jdk-17 is version 17" in message
    assert "jre-25 lacks jdk.incubator.vector" in message
