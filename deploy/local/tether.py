"""Run a command that dies with its parent: ``python tether.py PARENT UID GID COMMAND…``.

A script of its own, before the command's ``exec``, because Python code between fork and exec
(``preexec_fn``) can deadlock in a process with threads. On Linux the kernel sends SIGKILL when the
parent ends; elsewhere there is no such call, and ``careline down`` stops what is left.

A change of user clears the parent-death signal, therefore the user changes first. ``-`` keeps it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: str, uid: str, gid: str, *command: str) -> None:
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
        if os.getppid() != int(parent):
            # The parent died before the signal was armed.
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  the command comes from the runner, no shell


if __name__ == "__main__":
    main(*sys.argv[1:])
