"""Where the stack's data lives, and how it is thrown away."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from deploy.local.account import Account
from deploy.local.control import clear_leftovers
from deploy.local.errors import AlreadyRunningError
from deploy.local.record import read_record

ELASTICSEARCH = "elasticsearch"
_STORED = ("kafka", ELASTICSEARCH, "spool", "state", "blobs")
_OWNER = "run-folder"


def elasticsearch_folder(run_dir: Path, cache: Path, account: Account | None) -> Path:
    """Return where Elasticsearch's files live: under the run folder if its account may go there.

    Else it is a folder in the cache, with a link to it in the run folder. Such folders whose run
    folder is gone are deleted here; nobody else would.
    """
    inside = run_dir / ELASTICSEARCH
    # Asked of the run folder: `inside` may be the link to the cache that an earlier start made.
    if account is None or account.can_reach(run_dir / "any file"):
        return inside
    runs = cache / "runs"
    _delete_abandoned(runs)
    digest = hashlib.sha256(str(run_dir.resolve()).encode()).hexdigest()[:12]
    outside = runs / digest / ELASTICSEARCH
    outside.mkdir(parents=True, exist_ok=True)
    (runs / digest / _OWNER).write_text(str(run_dir.resolve()), encoding="utf-8")
    if not inside.exists():
        inside.unlink(missing_ok=True)
        inside.symlink_to(outside)
    return outside


def _delete_abandoned(runs: Path) -> None:
    for owner in runs.glob(f"*/{_OWNER}"):
        if not Path(owner.read_text(encoding="utf-8")).exists():
            shutil.rmtree(owner.parent)


def wipe(run_dir: Path) -> None:
    """Delete what a stopped stack stored; its logs and its secret stay."""
    clear_leftovers(run_dir)
    record = read_record(run_dir)
    if record is not None:
        raise AlreadyRunningError(
            f"Careline runs from {run_dir} (process {record.owner.pid}): stop it with "
            "`careline down` before its data is deleted."
        )
    for name in _STORED:
        folder = run_dir / name
        if folder.is_symlink():
            shutil.rmtree(folder.resolve(), ignore_errors=True)
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
