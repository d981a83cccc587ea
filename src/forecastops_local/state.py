"""What a deployment keeps on disk, and the two small records through which client and supervisor talk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from forecastops.core.files import write_whole
from forecastops.core.home import home

if TYPE_CHECKING:
    from forecastops.core.signatures import Trusted

__all__ = ["Layout", "Observed", "Wanted", "endpoints_root", "read_record", "read_wanted", "write_record"]


@dataclass(frozen=True)
class Wanted:
    """What a client asks for: which model, served how. Holds no secret: the URI is redacted before it gets here."""

    request: str
    generation: int
    model_uri: str
    host: str
    port: int
    port_is_fixed: bool
    timeout_seconds: float
    max_body_bytes: int
    owner: str  # a label of whoever deployed it, kept by updates that do not name another
    token_file: str = ""  # where callers' token is kept; never the token
    max_memory_bytes: int = 512 << 20
    # What the model must consist of; records of before these were kept lack them, and nothing is loaded without.
    model_sha256: str = ""
    run_id: str = ""  # of which the files are, where that is known
    public_key: str = ""  # PEM texts of the keys of which one must have signed it; empty where none need have

    @property
    def trusted(self) -> Trusted:
        """The keys of which one must have signed the model."""
        from forecastops.core.signatures import Trusted

        end = "-----END PUBLIC KEY-----\n"
        return Trusted(tuple(f"{text}{end}" for text in self.public_key.split(end) if text.strip()))


@dataclass(frozen=True)
class Observed:
    """What the supervisor says of itself. ``answered`` is the last request dealt with, ``failure`` its outcome."""

    phase: str
    port: int
    server_pid: int | None = None
    answered: str | None = None
    failure: str | None = None


Record = TypeVar("Record", Wanted, Observed)


@dataclass(frozen=True)
class Layout:
    """The files of one deployment."""

    directory: Path

    @property
    def accepted(self) -> Path:
        """The last request that led to a serving model; what a restart starts. Its existence makes the deployment."""
        return self.directory / "deployment.json"

    @property
    def request(self) -> Path:
        """The newest request, written by a client."""
        return self.directory / "request.json"

    @property
    def observed(self) -> Path:
        """The supervisor's view, written by the supervisor alone."""
        return self.directory / "state.json"

    @property
    def wake(self) -> Path:
        """A FIFO that wakes the supervisor; unlike a Unix socket, its path may be of any length."""
        return self.directory / "wake"

    @property
    def supervisor(self) -> Path:
        """Locked and holding the pid for as long as the supervisor lives."""
        return self.directory / "supervisor.pid"

    @property
    def servers(self) -> Path:
        """One file for each server process, locked and holding its pid for as long as it lives."""
        return self.directory / "servers"

    @property
    def log(self) -> Path:
        """Output of supervisor and servers."""
        return self.directory / "server.log"

    @property
    def models(self) -> Path:
        """One folder for each generation."""
        return self.directory / "models"

    def generations(self) -> dict[int, Path]:
        """Return the models' folders by number; whatever else lies there is not ours."""
        found = self.models.glob("*")
        return {int(path.name): path for path in found if path.name.isascii() and path.name.isdigit()}

    @property
    def kept(self) -> Path:
        """The model that served before, by its digest: what an update that fails is undone with."""
        return self.directory / "kept"

    @property
    def owner(self) -> Path:
        """Locked while a command changes this deployment. Beside the directory, which such a command may remove."""
        return self.directory.with_name(f".{self.directory.name}.lock")

    def model(self, generation: int) -> Path:
        """Return the folder of one generation's model."""
        return self.models / str(generation)


def endpoints_root() -> Path:
    """Return the directory that holds all deployments of this user."""
    return home() / "endpoints"


def write_record(path: Path, record: Wanted | Observed) -> None:
    """Write a record so that a reader, or a crash, meets the old one or the new one and nothing between."""
    write_whole(path, json.dumps(asdict(record)).encode(), private=True)


def read_record(kind: type[Record], path: Path) -> Record | None:
    """Read a record; None where there is none that this version understands."""
    try:
        # A deployment of an earlier version lacks what has a default.
        return _record(kind, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_wanted(values: Mapping[str, Any]) -> Wanted:
    """Return a request among other values, as a server process is told it."""
    return _record(Wanted, values)


def _record(kind: type[Record], values: Mapping[str, Any]) -> Record:
    return kind(**{field.name: values[field.name] for field in fields(kind) if field.name in values})
