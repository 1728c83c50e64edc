"""Run a stack until a signal ends it: ``python -m deploy.local``, asked by ``background``."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import msgspec

from deploy.local.background import Failed, Reporter, Request, Running
from deploy.local.errors import LocalStackError
from deploy.local.foreground import ending_signals_interrupt, wait_for_interrupt
from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack


def main() -> int:
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    reporter = Reporter(sys.stdout)
    wanted = request.services
    services = [spec for spec in SERVICES if wanted is None or spec.name in wanted]
    with ending_signals_interrupt():
        try:
            stack = LocalStack(
                Path(request.run_dir), ports=request.ports, services=services, env=request.env
            ).start(reporter)
        except KeyboardInterrupt:
            return 1
        except LocalStackError as error:
            reporter.send(Failed(str(error)))
            return 1
        except BaseException:
            reporter.send(Failed(f"an error of the runner:\n{traceback.format_exc()}"))
            raise
        with stack:
            reporter.send(Running())
            # Whoever asked closes the pipe now.
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            wait_for_interrupt()
    return 0


if __name__ == "__main__":
    sys.exit(main())
