"""A registered model in a process of its own, answering as Azure's inference server does.

The forms of question and answer were compared with the real ``azureml-inference-server-http``: 0.6.1 on Python 3.10
with the entry script that azureml-mlflow uploads (container instances), and 1.5.1 with the scoring script that Azure
publishes for MLflow models (managed endpoints). Both answer with a bare list of records.

Both read the rows by pandas' ``read_json``, which takes a column named ``date`` for dates; the entry script then
brings the columns to the types of the model's signature (``inference-schema``), the scoring script leaves them as they
are. When the model raises, the server answers 500 and says no more than that; the reason is in the container's log.
"""

from __future__ import annotations

import http.client
import io
import json
import multiprocessing
import os
import shutil
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from standin.server import Request, Response

__all__ = ["Container"]

_LOAD_SECONDS = 60.0
_FAILED = "An unexpected error occurred in scoring script. Check the logs for more info."
_forkserver = multiprocessing.get_context("forkserver")


class Container:
    """One model being served on a port of loopback; ``damaged`` gives it files that do not load."""

    def __init__(self, model: Path, folder: Path, *, passes_params: bool, damaged: bool = False) -> None:
        shutil.copytree(model, folder / "model")
        if damaged:
            series = folder / "model/data/forecaster/series.csv"
            series.write_text(series.read_text("utf-8").replace("2013-08-01,", "2013-08-01,1"), "utf-8")
        self._log = folder / "log"
        self._log.touch()
        ours, theirs = _forkserver.Pipe(duplex=False)
        self._process = _forkserver.Process(
            target=_run, args=(str(folder / "model"), str(self._log), theirs, passes_params), daemon=True
        )
        self._process.start()
        theirs.close()
        try:
            self._port = ours.recv() if ours.poll(_LOAD_SECONDS) else 0
        except EOFError:
            self._port = 0

    @property
    def healthy(self) -> bool:
        """Whether its model was loaded."""
        return self._port != 0 and self._process.is_alive()

    def log(self) -> str:
        """What it has printed."""
        return self._log.read_text("utf-8")

    def score(self, request: Request) -> Response:
        """Its answer to a question."""
        if not self.healthy:
            return Response(502, b"no healthy upstream")
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("POST", "/score", request.body)
            answer = connection.getresponse()
            return Response(answer.status, answer.read(), {"Content-Type": "application/json"})
        finally:
            connection.close()

    def end(self) -> None:
        """Stop serving."""
        self._process.kill()
        self._process.join()


def _run(model: str, log: str, port: Connection, passes_params: bool) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    import mlflow.pyfunc

    print("Invoking user's init function")  # noqa: T201
    loaded = mlflow.pyfunc.load_model(model)
    if passes_params:
        # The published scoring script of managed endpoints does this when it starts.
        print("sample input", loaded.metadata.get_input_schema().inputs[0])  # noqa: T201
    print("Users's init has completed successfully")  # noqa: T201
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(loaded, passes_params))
    port.send(server.server_address[1])
    server.serve_forever()


def _handler(model: Any, passes_params: bool) -> type[BaseHTTPRequestHandler]:
    def answer(question: dict[str, Any]) -> Any:
        import pandas as pd

        data = question["input_data"]
        if unexpected := set(data) - {"columns", "index", "data"}:
            raise ValueError(f"JSON data had unexpected key(s): {', '.join(unexpected)}")
        rows = pd.read_json(io.StringIO(json.dumps(data)), orient="split", dtype=False)
        if passes_params:
            return model.predict(rows, params=question.get("params")).to_dict("records")
        schema = model.metadata.get_input_schema()
        kinds = dict(zip(schema.input_names(), schema.pandas_types(), strict=True))
        return model.predict(rows.astype({name: kinds.get(name, object) for name in rows})).to_dict("records")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status, found = 200, json.dumps(answer(json.loads(body)))
            except Exception as error:  # noqa: BLE001
                print("Encountered Exception:", error)  # noqa: T201
                status, found = 500, json.dumps({"message": _FAILED})
            self.send_response(status)
            self.end_headers()
            self.wfile.write(found.encode())

    return Handler
