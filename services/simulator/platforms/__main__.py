"""Run all imitated platforms on loopback: ``python -m services.simulator.platforms --port N``."""

from __future__ import annotations

import argparse

from aiohttp import web

from services.simulator.platforms.platform import Book, build_app
from services.simulator.platforms.registry import SANDBOXES


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m services.simulator.platforms",
        description="Imitate the platforms' sending APIs on 127.0.0.1. Give an account the "
        'api_base "http://127.0.0.1:<port>/<kind>"; GET /book shows what was sent.',
    )
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    web.run_app(build_app(SANDBOXES, Book()), host="127.0.0.1", port=port)


if __name__ == "__main__":
    main()
