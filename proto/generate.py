"""Generate the Python stubs under ``gen/`` from every ``careline/**/*.proto``.

Run ``python proto/generate.py`` after a change; ``--check`` fails when the committed stubs differ.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import sys
import tempfile
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent


def generate(target: Path) -> None:
    protos = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "careline").rglob("*.proto"))
    well_known = str(resources.files("grpc_tools") / "_proto")
    target.mkdir(parents=True, exist_ok=True)
    code = protoc.main(
        [
            "protoc",
            f"-I{ROOT}",
            f"-I{well_known}",
            f"--python_out={target}",
            f"--grpc_python_out={target}",
            f"--mypy_out=quiet:{target}",
            f"--mypy_grpc_out=quiet:{target}",
            *protos,
        ]
    )
    if code != 0:
        sys.exit(code)
    drop_empty_service_stubs(target)
    for folder in [target / "careline", *(target / "careline").rglob("*")]:
        if folder.is_dir():
            (folder / "__init__.py").touch()
    (target / "careline" / "py.typed").touch()


def drop_empty_service_stubs(target: Path) -> None:
    """Remove the gRPC modules of files that declare no service."""
    for proto in (ROOT / "careline").rglob("*.proto"):
        if "\nservice " not in proto.read_text(encoding="utf-8"):
            stem = target / proto.relative_to(ROOT).with_suffix("")
            for suffix in ("_pb2_grpc.py", "_pb2_grpc.pyi"):
                stem.with_name(stem.name + suffix).unlink(missing_ok=True)


def differing(left: Path, right: Path) -> list[str]:
    """List the files that only one side has, or that differ in bytes."""
    names = {
        str(path.relative_to(side))
        for side in (left, right)
        for path in side.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return sorted(
        name
        for name in names
        if not (left / name).is_file()
        or not (right / name).is_file()
        or not filecmp.cmp(left / name, right / name, shallow=False)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when committed stubs differ")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        generate(fresh)
        if arguments.check:
            drift = differing(fresh / "careline", ROOT / "gen" / "careline")
            if drift:
                sys.exit(
                    "proto/gen differs from proto/careline; run 'python proto/generate.py':\n  "
                    + "\n  ".join(drift)
                )
            return
        shutil.rmtree(ROOT / "gen" / "careline", ignore_errors=True)
        shutil.copytree(fresh / "careline", ROOT / "gen" / "careline")


if __name__ == "__main__":
    main()
