"""The unprivileged account that Elasticsearch needs when the runner is root."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalStackError

USER_VARIABLE = "CARELINE_ELASTICSEARCH_USER"
# Present on every Unix, so that nothing has to be added to the machine.
_DEFAULT_USER = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int

    def can_reach(self, path: Path) -> bool:
        """Return whether the account may enter every existing folder above ``path``."""
        return all(self._can_enter(parent) for parent in path.resolve().parents if parent.exists())

    def _can_enter(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def own(self, tree: Path) -> None:
        """Hand the folder and everything in it to the account."""
        os.chown(tree, self.uid, self.gid)
        for folder, folders, files in os.walk(tree):
            for name in (*folders, *files):
                os.chown(Path(folder) / name, self.uid, self.gid, follow_symlinks=False)


def unprivileged_account(user: str | None = None) -> Account | None:
    """Return whom Elasticsearch runs as: nobody else than the caller, unless the caller is root."""
    if os.geteuid() != 0:
        return None
    name = user or os.environ.get(USER_VARIABLE) or _DEFAULT_USER
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise LocalStackError(
            f"Elasticsearch refuses to run as root, and there is no user {name!r}: "
            f"set {USER_VARIABLE} to an unprivileged user."
        ) from None
    if entry.pw_uid == 0:
        raise LocalStackError(
            f"Elasticsearch refuses to run as root, and {USER_VARIABLE}={name!r} is root: "
            "name an unprivileged user."
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
