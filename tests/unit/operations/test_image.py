"""The image: what it holds, and how it tells that it is healthy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.images import healthcheck
from services.kernel.topics import DECLARATIONS

Serve = Callable[[int, bytes], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Answer every request with a status and a body; return the port."""
    servers = []

    def start(status: int, body: bytes) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert self.path == "/healthz"
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        server = HTTPServer(("127.0.0.1", 0), Answer)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return str(server.server_port)

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_healthy_service_makes_a_healthy_container(serve: Serve) -> None:
    assert healthcheck.problem(serve(200, b'{"healthy": true}')) == ""


def test_a_service_that_says_why_it_is_not_healthy_is_quoted(serve: Serve) -> None:
    assert healthcheck.problem(serve(503, b'{"state": "joining"}')) == '{"state": "joining"}'


def test_a_service_that_does_not_answer_is_not_healthy(serve: Serve) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        port = str(closed.server_port)
    assert "does not answer" in healthcheck.problem(port)


def test_a_missing_port_names_the_variable() -> None:
    assert "CARELINE_METRICS_PORT=''" in healthcheck.problem("")


def copied(repository: Path) -> set[str]:
    """Return the folders and files that the Dockerfile takes from the repository."""
    text = (repository / "deploy/images/Dockerfile").read_text("utf-8")
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    return {name for line in lines for name in line.split()}


def test_what_the_image_copies_is_let_through_and_nothing_else_is(repository: Path) -> None:
    ignore = (repository / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignore
    assert {line[1:] for line in ignore if line.startswith("!")} == copied(repository)


def test_the_declarations_of_topics_are_in_the_image(repository: Path) -> None:
    assert DECLARATIONS.relative_to(repository).parts[0] in copied(repository)


def test_the_image_has_the_python_that_the_project_asks_for(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    text = (repository / "deploy/images/Dockerfile").read_text("utf-8")
    versions = set(re.findall(r"^FROM python:(\d+\.\d+)-", text, re.MULTILINE))
    assert versions == {project["requires-python"].removeprefix(">=")}


def test_the_check_needs_nothing_but_the_standard_library(repository: Path) -> None:
    text = (repository / "deploy/images/healthcheck.py").read_text("utf-8")
    imported = re.findall(r"^(?:import|from) ([\w.]+)", text, re.MULTILINE)
    assert set(imported) == {"__future__", "http.client", "os", "sys"}
