"""Ways to tamper with a model's files: byte by byte, by more files and fewer, and by those of another version."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from mlflow import MlflowClient

__all__ = ["Tampering", "files_of", "payload", "tampered", "tamperings"]

LOADER = "code/forecastops_model.py"


_BY_MLFLOW = "registered_model_meta"  # put beside a download; no part of the model, and never read
_ADDED = (
    *("evil.py", "sitecustomize.py", "python_model.pkl", "signatures/evil.sig", "data/forecaster/evil.pkl"),
    *("code/evil.py", "code/sitecustomize.py", "code/json.py", "code/forecastops_model/__init__.py"),
)


class Tampering(NamedTuple):
    """What is done to a folder, and the file that it is about."""

    name: str
    do: Callable[[Path], None]


def files_of(client: MlflowClient, run_id: str) -> Path:
    """Where the files of a run's model lie."""
    return Path(str(client.get_run(run_id).info.artifact_uri).removeprefix("file://")) / "model"


def payload(mark: Path) -> str:
    """Code that leaves a mark where it is executed."""
    return f"\nopen({str(mark)!r}, 'a').write('executed ')\n"


@contextmanager
def tampered(folder: Path, tampering: Tampering) -> Iterator[None]:
    """Tamper with a folder, and put it back as it was."""
    before = folder.with_name(f"{folder.name}-before")
    shutil.copytree(folder, before)
    try:
        tampering.do(folder)
        yield
    finally:
        shutil.rmtree(folder)
        before.rename(folder)


def tamperings(folder: Path, other: Path, mark: Path) -> Iterator[Tampering]:
    """Every way for every file of ``folder``; ``other`` holds the files of another version."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _BY_MLFLOW):
        name = path.relative_to(folder).as_posix()
        data = path.read_bytes()
        for what, changed in _changes(data).items():
            yield Tampering(f"{name} {what}", _write(name, changed))
        yield Tampering(f"{name} removed", _remove(name))
        theirs = (other / name).read_bytes()
        if theirs != data:
            yield Tampering(f"{name} of another version", _write(name, theirs))
    evil = payload(mark).encode()
    loader = (folder / LOADER).read_bytes()
    yield Tampering(f"{LOADER} with a line before", _write(LOADER, evil + loader))
    yield Tampering(f"{LOADER} with a line after", _write(LOADER, loader + evil))
    for name in _ADDED:
        yield Tampering(f"{name} added", _write(name, evil))
    yield Tampering("code/link.py added", lambda root: (root / "code/link.py").symlink_to("forecastops_model.py"))
    description = (folder / "MLmodel").read_bytes().replace(b"forecastops_model", b"evil")
    yield Tampering("MLmodel names another loader", _both(_write("MLmodel", description), _write("code/evil.py", evil)))
    yield Tampering("all files of another version", _swap(other))


def _changes(data: bytes) -> dict[str, bytes]:
    middle, last = len(data) // 2, len(data) - 1
    flipped = {at: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in (0, middle, last)}
    return {
        "with its first byte changed": flipped[0],
        "with a byte in the middle changed": flipped[middle],
        "with its last byte changed": flipped[last],
        "with a byte more": data + b"\n",
        "with a byte less": data[:-1],
        "emptied": b"",
        "nested beyond all bounds": b"[" * 200_000,
    }


def _write(name: str, data: bytes) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return write


def _remove(name: str) -> Callable[[Path], None]:
    def remove(root: Path) -> None:
        (root / name).unlink()

    return remove


def _both(*steps: Callable[[Path], None]) -> Callable[[Path], None]:
    def do(root: Path) -> None:
        for step in steps:
            step(root)

    return do


def _swap(other: Path) -> Callable[[Path], None]:
    def swap(root: Path) -> None:
        shutil.rmtree(root)
        shutil.copytree(other, root)

    return swap
