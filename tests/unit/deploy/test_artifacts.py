from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from deploy.local import artifacts
from deploy.local.artifacts import Pin, fetch_elasticsearch, fetch_kafka, pins
from deploy.local.cache import cache_dir
from deploy.local.errors import ArtifactError


def pinned(coordinate: str, content: bytes, cache: Path) -> Pin:
    """Pin a file and put it where a download would have left it."""
    pin = Pin.parse(coordinate, hashlib.sha256(content).hexdigest())
    file = cache / "maven" / pin.path
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return pin


@pytest.fixture
def replace_pins(monkeypatch: pytest.MonkeyPatch) -> object:
    def replace(pinned_files: Mapping[str, Sequence[Pin]]) -> None:
        monkeypatch.setattr(artifacts, "pins", lambda: pinned_files)

    return replace


def test_every_jar_of_kafka_has_kafkas_version_and_every_file_a_checksum() -> None:
    kafka = pins()["kafka"]

    assert kafka[0].artifact == "kafka_2.13"
    assert {pin.version for pin in kafka if pin.group == "org.apache.kafka"} == {kafka[0].version}
    assert {pin.version for pin in kafka if pin.group == "org.apache.logging.log4j"} == {"2.24.3"}
    assert all(len(pin.sha256) == 64 for files in pins().values() for pin in files)


def test_a_coordinate_names_its_place_in_a_maven_repository() -> None:
    pin = Pin.parse("org.slf4j:slf4j-api:jar:1.7.36", "00")

    assert pin.path == Path("org/slf4j/slf4j-api/1.7.36/slf4j-api-1.7.36.jar")
    assert pin.coordinate == "org.slf4j:slf4j-api:jar:1.7.36"


def test_cached_jars_are_linked_into_one_folder_and_strangers_leave_it(
    tmp_path: Path, replace_pins: object
) -> None:
    assert callable(replace_pins)
    replace_pins({"kafka": [pinned("a:kafka:jar:1", b"jar", tmp_path)]})
    stranger = tmp_path / "kafka-1" / "kafka-0.jar"
    stranger.parent.mkdir()
    stranger.write_bytes(b"of an earlier version")

    libs = fetch_kafka(tmp_path)

    assert [path.name for path in libs.iterdir()] == ["kafka-1.jar"]
    assert (libs / "kafka-1.jar").read_bytes() == b"jar"


def test_a_changed_file_is_refused_by_name(tmp_path: Path, replace_pins: object) -> None:
    assert callable(replace_pins)
    pin = pinned("a:kafka:jar:1", b"jar", tmp_path)
    replace_pins({"kafka": [pin]})
    (tmp_path / "maven" / pin.path).write_bytes(b"something else")

    with pytest.raises(ArtifactError, match=r"is not the pinned a:kafka:jar:1.*Delete the file"):
        fetch_kafka(tmp_path)


def test_elasticsearch_is_unpacked_once_with_its_permissions(
    tmp_path: Path, replace_pins: object
) -> None:
    assert callable(replace_pins)
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        script = zipfile.ZipInfo("elasticsearch-9/bin/elasticsearch")
        script.external_attr = 0o100755 << 16
        bundle.writestr(script, "#!/bin/sh\n")
    replace_pins({"elasticsearch": [pinned("a:es:zip:9", archive.read_bytes(), tmp_path)]})
    said: list[str] = []

    home = fetch_elasticsearch(tmp_path, said.append)
    again = fetch_elasticsearch(tmp_path, said.append)

    assert home == again
    assert said == ["unpacking Elasticsearch"]
    assert (home / "bin" / "elasticsearch").stat().st_mode & 0o777 == 0o755
    assert home.stat().st_mode & 0o055 == 0o055
    assert not list(tmp_path.glob("*.partial"))


def test_the_cache_is_where_the_environment_says_else_by_the_xdg_convention(
    tmp_path: Path,
) -> None:
    assert cache_dir({"CARELINE_CACHE": str(tmp_path)}, root=True) == tmp_path
    assert cache_dir({}, root=True) == Path("/var/cache/careline")
    assert cache_dir({"XDG_CACHE_HOME": "/x"}, root=False) == Path("/x/careline")
    assert cache_dir({}, root=False) == Path.home() / ".cache" / "careline"
