"""The process in which azureml-mlflow's client is called: requests by line on stdin, answers by line on stdout.

What the client prints is passed on as progress. The process ends when its stdin does, whatever it is doing then.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["main"]

_Send = Callable[[dict[str, Any]], None]


def main() -> None:
    """Answer until stdin ends."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        with lock:
            channel.write(json.dumps(message) + "\n")
            channel.flush()

    sys.stdout = _Progress(send)
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    client = _connect(requests.get(), send)
    while client is not None:
        _answer(client, requests.get(), send)


def _read(requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    os._exit(0)  # whoever asked is gone, and an operation may never end


def _connect(request: dict[str, Any], send: _Send) -> Any:
    try:
        from mlflow.deployments import get_deploy_client

        from forecastops.core.azure_credentials import leave_out_personal

        client = get_deploy_client(request["target"])
        leave_out_personal(client.service_context.auth)
    except Exception as error:  # noqa: BLE001  # every error is an answer
        send({"error": _described(error)})
        return None
    send({"result": None})
    return client


def _answer(client: Any, request: dict[str, Any], send: _Send) -> None:
    from forecastops.adapters.endpoint.azure import operations

    try:
        result = operations.carry_out(client, request["operation"], request["arguments"])
        send({"result": result})
    except Exception as error:  # noqa: BLE001  # every error is an answer
        send({"error": _described(error)})


def _described(error: BaseException) -> dict[str, Any]:
    """Return the cause at the root, hidden behind the client's "Error while creating deployment", and the way there."""
    chain = [error]
    cause = error.__cause__
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__
    codes = [getattr(one, "status_code", None) for one in chain]
    status = next((code for code in codes if code is not None), None)
    return {
        "message": str(chain[-1]) or type(chain[-1]).__name__,
        "kinds": sorted({kind.__name__ for one in chain for kind in type(one).__mro__}),
        "status": status,
    }


class _Progress:
    """Stand for stdout: pass whole lines on."""

    encoding = "utf-8"

    def __init__(self, send: _Send) -> None:
        self._send = send
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._send({"said": line})
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


if __name__ == "__main__":
    main()
