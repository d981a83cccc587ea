"""One server process as its supervisor sees it: started, told to serve, told to drain, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from forecastops_local.locks import open_locked, record_holder
from forecastops_local.logfile import BoundedLog, last_useful_line
from forecastops_local.messages import Command, Event
from forecastops_local.state import Layout, Wanted

__all__ = ["ServerFailedError", "ServerProcess"]

_ACKNOWLEDGE_SECONDS = 10.0
_TAIL_BYTES = 16_384


async def start_program(
    arguments: Sequence[str], directory: Path, handles: tuple[int, ...]
) -> asyncio.subprocess.Process:
    """Start a program that inherits these descriptors, with its output in one pipe."""
    return await asyncio.create_subprocess_exec(
        *arguments,
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=handles,
    )


class ServerFailedError(Exception):
    """A server process did not get as far as serving; the message says why."""


class ServerProcess:
    """A running server. Make one with `start`; ``exited`` is done once the process is gone and its output read."""

    def __init__(
        self, process: asyncio.subprocess.Process, wanted: Wanted, channel: socket.socket, log: BoundedLog
    ) -> None:
        self.wanted, self.pid = wanted, process.pid
        self._process, self._channel, self._log = process, channel, log
        self._tail = b""
        self._events: dict[Event, asyncio.Future[str]] = {}
        self.exited = asyncio.create_task(self._follow())

    @classmethod
    async def start(cls, layout: Layout, wanted: Wanted, listener: socket.socket, log: BoundedLog) -> ServerProcess:
        """Start a process that loads the model but accepts nothing yet."""
        ours, theirs = socket.socketpair()
        layout.servers.mkdir(exist_ok=True)
        identity = layout.servers / f"{wanted.request}-{os.urandom(4).hex()}"
        lock = open_locked(identity)
        if lock is None:  # the name is random: nobody else can hold it
            raise ServerFailedError(f"{identity.name} is locked")
        handles = (theirs.fileno(), listener.fileno(), lock)
        try:
            program = [sys.executable, "-m", "forecastops_local.server", *map(str, handles[:2])]
            process = await start_program(program, layout.directory, handles)
            # The process inherited the lock with the descriptor; ours may go.
            record_holder(lock, process.pid)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(lock)
        ours.setblocking(False)
        server = cls(process, wanted, ours, log)
        server.exited.add_done_callback(lambda _: identity.unlink(missing_ok=True))
        try:
            await server._tell({**asdict(wanted), "model_path": str(layout.model(wanted.generation))})
        except OSError as error:
            await server.end(patience=1.0)
            raise ServerFailedError(server.cause()) from error
        return server

    async def load(self) -> None:
        """Wait until the model is loaded and warm.

        Raises:
            ServerFailedError: it failed, died, or took longer than the request allows. The process is gone by then.
        """
        await self._reach(Event.LOADED, self.wanted.timeout_seconds)

    async def serve(self) -> None:
        """Let it accept connections."""
        await self._tell({"command": Command.SERVE})
        await self._reach(Event.SERVING, _ACKNOWLEDGE_SECONDS)

    async def drain(self) -> None:
        """Make it stop accepting; returns once it has. It then finishes what it accepted and exits by itself."""
        with contextlib.suppress(OSError):
            await self._tell({"command": Command.DRAIN})
        await self._either(self._event(Event.DRAINING), timeout=_ACKNOWLEDGE_SECONDS)

    async def end(self, patience: float) -> None:
        """Wait until it is gone; kill it when its patience is over."""
        await asyncio.wait({self.exited}, timeout=patience)
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self.exited

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return not self.exited.done()

    def cause(self) -> str:
        """Tell why it ended, as far as its last words and its exit code say."""
        how = f"the server process {_how_it_ended(self._process.returncode)}"
        # What was said since it serves may quote what clients have sent.
        last_words = "" if self._event(Event.SERVING).done() else last_useful_line(self._tail)
        return f"{how}: {last_words}" if last_words else how

    async def _reach(self, event: Event, timeout: float) -> None:
        reached, failed = self._event(event), self._event(Event.FAILED)
        try:
            await self._either(reached, failed, timeout=timeout)
            if reached.done():
                return
            if failed.done():
                raise ServerFailedError(failed.result())
            if self.exited.done():
                raise ServerFailedError(self.cause())
            late, last_words = f"not {event.value} within {timeout:g} s", last_useful_line(self._tail)
            raise ServerFailedError(f"{late}; its last words: {last_words}" if last_words else late)
        except BaseException:
            await asyncio.shield(self.end(patience=0.0))
            raise

    async def _either(self, *events: asyncio.Future[str], timeout: float) -> None:
        """Wait for the first of these events, or the process's end."""
        waits: set[asyncio.Future[Any]] = {*events, self.exited}
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)

    def _event(self, event: Event) -> asyncio.Future[str]:
        return self._events.setdefault(event, asyncio.get_running_loop().create_future())

    async def _tell(self, message: dict[str, object]) -> None:
        await asyncio.get_running_loop().sock_sendall(self._channel, json.dumps(message).encode() + b"\n")

    async def _follow(self) -> None:
        listening = asyncio.create_task(self._listen())
        output = self._process.stdout
        if output is not None:
            while chunk := await output.read(_TAIL_BYTES):
                self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
                self._log.write(chunk)
        await self._process.wait()
        await listening
        self._channel.close()

    async def _listen(self) -> None:
        loop, pending = asyncio.get_running_loop(), b""
        with contextlib.suppress(OSError):
            while chunk := await loop.sock_recv(self._channel, 4096):
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    message = json.loads(line)
                    reported = self._event(Event(message["event"]))
                    if not reported.done():
                        reported.set_result(message.get("error", ""))


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "is still running"
    return f"was killed by signal {-code}" if code < 0 else f"exited with {code}"
