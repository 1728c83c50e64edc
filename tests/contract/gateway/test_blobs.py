from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest

from services.gateway.adapters.blob_folder import BlobFolder
from services.gateway.ports_media import BlobStore


class MemoryBlobs:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, content: bytes) -> str:
        reference = f"blob:{sha256(content).hexdigest()}"
        self.kept[reference] = content
        return reference

    async def get(self, reference: str) -> bytes:
        return self.kept[reference]

    async def erase(self, reference: str) -> None:
        if len(reference) != len("blob:") + 64:
            raise KeyError(reference)
        self.kept.pop(reference, None)


@pytest.fixture(params=["memory", "folder"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return MemoryBlobs() if request.param == "memory" else BlobFolder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"picture", bytes(range(256)) * 1024])
async def test_what_is_kept_is_read_back(blobs: BlobStore, content: bytes) -> None:
    reference = await blobs.put(content)
    assert reference == f"blob:{sha256(content).hexdigest()}"
    assert await blobs.get(reference) == content


async def test_the_same_bytes_are_kept_once(blobs: BlobStore) -> None:
    assert await blobs.put(b"twice") == await blobs.put(b"twice")


async def test_what_was_erased_is_gone_and_can_be_erased_again(blobs: BlobStore) -> None:
    reference = await blobs.put(b"private")
    await blobs.erase(reference)
    await blobs.erase(reference)
    with pytest.raises(KeyError):
        await blobs.get(reference)


async def test_erased_bytes_can_be_kept_anew(blobs: BlobStore) -> None:
    reference = await blobs.put(b"again")
    await blobs.erase(reference)
    assert await blobs.put(b"again") == reference
    assert await blobs.get(reference) == b"again"


@pytest.mark.parametrize("reference", ["", "blob:", "blob:../../etc/passwd", "0" * 64])
async def test_what_is_no_reference_names_nothing(blobs: BlobStore, reference: str) -> None:
    with pytest.raises(KeyError):
        await blobs.get(reference)


def test_nothing_half_written_stays_behind(tmp_path: Path) -> None:
    reference = asyncio.run(BlobFolder(tmp_path).put(b"whole"))
    digest = reference.removeprefix("blob:")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [digest]
