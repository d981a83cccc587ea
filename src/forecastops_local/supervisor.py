"""The small process behind a deployment: it owns the listening socket and keeps one server process serving on it.

Run as ``python -m forecastops_local.supervisor DIRECTORY``; it reports what stops it from starting
on stderr, and otherwise returns at once, leaving the supervisor behind; with ``--foreground`` it stays, for a service
manager. It must stay light: no MLflow here.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from pathlib import Path

from forecastops_local.listening import listen, open_wake
from forecastops_local.locks import hold, record_holder
from forecastops_local.logfile import BoundedLog
from forecastops_local.process import ServerFailedError, ServerProcess
from forecastops_local.state import Layout, Observed, Wanted, read_record, write_record

__all__ = ["Supervisor", "main"]

_RESTART_PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # the last one again and again
_STEADY_SECONDS = 60.0
# Longer than a server allows itself to finish what it accepted, so that the kill is for servers that hang.
_DRAIN_SECONDS = 75.0
_STOP_SECONDS = 10.0


class Supervisor:
    """Brings the newest request about, restarts a server that died, and stops on SIGTERM."""

    def __init__(self, layout: Layout, listener: socket.socket, wake: int) -> None:
        self._layout, self._listener, self._wake = layout, listener, wake
        self._port: int = listener.getsockname()[1]
        self._log = BoundedLog(layout.log)
        self._woken, self._stopped = asyncio.Event(), asyncio.Event()
        self._server: ServerProcess | None = None
        self._serving_since = 0.0
        self._deaths = 0
        self._draining: set[asyncio.Task[None]] = set()
        self._answered: str | None = None
        self._failure: str | None = None

    async def run(self) -> None:
        """Supervise until stopped, or until there is nothing left to serve."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._wake, self._on_wake)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopped.set)
        try:
            while not self._stopped.is_set() and await self._step():
                pass
        finally:
            await self._stop()

    async def _step(self) -> bool:
        """Do the next thing that is due; False when there is nothing left to serve."""
        self._woken.clear()
        request = read_record(Wanted, self._layout.request)
        if request is not None and request.request != self._answered:
            await self._replace(request)
            return self._server is not None or self._pending()
        if self._server is None or not self._server.alive:
            return await self._restart()
        await self._wait_for_first(self._server.exited, self._woken.wait(), self._stopped.wait())
        return True

    async def _replace(self, request: Wanted) -> None:
        """Bring a request about; a failure leaves what served before serving, or starts it again."""
        self._report("updating" if self._server else "starting")
        failure = None
        try:
            await self._switch_to(request)
        except (ServerFailedError, OSError) as error:
            failure = str(error)
        self._deaths, self._answered, self._failure = 0, request.request, failure
        if failure is not None and (self._server is None or not self._server.alive):
            await self._fall_back()
        self._report("serving" if self._server else "stopped")
        self._remove_old_models()

    async def _fall_back(self) -> None:
        accepted = read_record(Wanted, self._layout.accepted)
        if accepted is not None and not self._stopped.is_set():
            # The client has its answer now; it need not wait for the old model.
            self._report("restarting")
            with contextlib.suppress(ServerFailedError, OSError):
                await self._switch_to(accepted)

    async def _restart(self) -> bool:
        """Start the accepted model again after its server died; False where none was ever accepted."""
        accepted = read_record(Wanted, self._layout.accepted)
        if self._server is not None:
            steady = time.monotonic() - self._serving_since > _STEADY_SECONDS
            self._deaths = 1 if steady else self._deaths + 1
            self._failure, self._server = self._server.cause(), None
        if accepted is None:
            return False
        pause = _RESTART_PAUSES[min(max(self._deaths - 1, 0), len(_RESTART_PAUSES) - 1)]
        self._report("restarting")
        self._log_line(f"{self._failure}; starting it again")
        await self._wait_for_first(self._woken.wait(), self._stopped.wait(), asyncio.sleep(pause))
        if self._stopped.is_set() or self._woken.is_set():
            return True
        try:
            await self._switch_to(accepted)
        except (ServerFailedError, OSError) as error:
            self._deaths, self._failure = self._deaths + 1, str(error)
        else:
            self._failure = None
            self._report("serving")
        return True

    async def _switch_to(self, wanted: Wanted) -> None:
        """Start a server, let it accept once it is ready, and only then drain the one before it."""
        server = await ServerProcess.start(self._layout, wanted, self._listener, self._log)
        await self._load_unless_superseded(server.load())
        # From here on nothing interrupts: a server that accepts is never killed for a newer request.
        previous = read_record(Wanted, self._layout.accepted)
        try:
            write_record(self._layout.accepted, wanted)
            await server.serve()
        except (ServerFailedError, OSError):
            if previous is not None:
                write_record(self._layout.accepted, previous)
            await server.end(patience=0.0)
            raise
        before, self._server, self._serving_since = self._server, server, time.monotonic()
        if before is not None:
            await self._drain(before)

    async def _load_unless_superseded(self, loading: Coroutine[None, None, None]) -> None:
        """Wait for a model to load, but give up on SIGTERM or a newer request: this one's client has gone by then."""
        answering = read_record(Wanted, self._layout.request)
        task = asyncio.create_task(loading)
        while not task.done():
            self._woken.clear()
            await self._wait_for_first(task, self._woken.wait(), self._stopped.wait())
            newest = read_record(Wanted, self._layout.request)
            if not task.done() and (self._stopped.is_set() or newest != answering):
                task.cancel()
                await asyncio.wait({task})
                raise ServerFailedError("given up for a newer request")
        task.result()

    async def _drain(self, server: ServerProcess) -> None:
        await server.drain()
        task = asyncio.create_task(server.end(_DRAIN_SECONDS))
        self._draining.add(task)
        task.add_done_callback(self._drained)

    def _drained(self, task: asyncio.Task[None]) -> None:
        self._draining.discard(task)
        self._remove_old_models()

    async def _stop(self) -> None:
        self._listener.close()
        servers = [] if self._server is None else [self._server]
        for server in servers:
            await server.drain()
        if self._draining or servers:
            await asyncio.wait(
                {*self._draining, *(asyncio.create_task(server.end(_STOP_SECONDS)) for server in servers)},
                timeout=_STOP_SECONDS + 1,
            )
        self._report("stopped", alive=False)

    def _report(self, phase: str, alive: bool = True) -> None:
        pid = self._server.pid if alive and self._server is not None else None
        # A full disk must not end a supervisor whose server answers.
        with contextlib.suppress(OSError):
            write_record(self._layout.observed, Observed(phase, self._port, pid, self._answered, self._failure))

    def _log_line(self, text: str) -> None:
        self._log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} supervisor: {text}\n".encode())

    def _on_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 4096)
        self._woken.set()

    def _remove_old_models(self) -> None:
        """Remove replaced and failed generations, once no server that may still read them is draining."""
        accepted = read_record(Wanted, self._layout.accepted)
        newest = read_record(Wanted, self._layout.request)
        if accepted is None or newest is None or newest.request != self._answered or self._draining:
            return
        for number, folder in self._layout.generations().items():
            # A later number than the newest request's is a client's that is about to ask.
            if number <= newest.generation and number != accepted.generation:
                shutil.rmtree(folder, ignore_errors=True)

    def _pending(self) -> bool:
        request = read_record(Wanted, self._layout.request)
        return request is not None and request.request != self._answered

    @property
    def verdict(self) -> str | None:
        """Why it ended by itself; None where it was stopped."""
        return None if self._stopped.is_set() else f"nothing is left to serve: {self._failure or 'no model was loaded'}"

    @staticmethod
    async def _wait_for_first(*waits: Coroutine[None, None, object] | asyncio.Task[None]) -> None:
        """Wait for the first of them; coroutines are cancelled after, tasks go on."""
        given = {wait for wait in waits if isinstance(wait, asyncio.Task)}
        made = {asyncio.create_task(wait) for wait in waits if not isinstance(wait, asyncio.Task)}
        try:
            await asyncio.wait(given | made, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in made:
                task.cancel()


def _detach(log: Path) -> None:
    """Go on as a child that nobody waits for, with its output in the log."""
    if os.fork():
        os._exit(0)
    null, output = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((null, 0), (output, 1), (output, 2)):
        os.dup2(source, target)


def main(directory: Path, *, foreground: bool = False) -> str | None:
    """Supervise ``directory``, in the background unless told otherwise; the reason when that is impossible."""
    os.umask(0o077)
    layout = Layout(directory)
    lock = hold(layout.supervisor, timeout=2.0)
    if lock is None:
        return "another supervisor is running"
    wanted = read_record(Wanted, layout.request)
    if wanted is None:
        return "there is no request to serve"
    try:
        listener = listen(wanted, again=layout.accepted.exists())
    except OSError as error:
        what = "is already in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        return f"port {wanted.port} on {wanted.host} {what}"
    wake = open_wake(layout.wake)
    if not foreground:
        _detach(layout.log)
    record_holder(lock, os.getpid())
    verdict = asyncio.run(_supervise(layout, listener, wake))
    return verdict if foreground else None


async def _supervise(layout: Layout, listener: socket.socket, wake: int) -> str | None:
    supervisor = Supervisor(layout, listener, wake)
    await supervisor.run()
    return supervisor.verdict


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), foreground="--foreground" in sys.argv[2:]))
