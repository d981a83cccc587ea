"""The plain way: register the run's model, serve it by `mlflow models serve`, ask it once, and move the alias."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import mlflow

SERVE = ["-m", "mlflow", "models", "serve", "--env-manager", "local", "--host", "127.0.0.1", "--workers", "1"]
ASKED = json.dumps({"dataframe_split": {"columns": ["start", "end"], "data": [["2014-06-01", "2014-06-14"]]}})


def main() -> None:
    run_id, port = sys.argv[1:]
    version = mlflow.register_model(f"runs:/{run_id}/model", "plain").version
    command = [sys.executable, *SERVE, "--port", port, "-m", f"models:/plain/{version}"]
    paths = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # it starts uvicorn by its name
    log = open("serve.log", "w")  # noqa: SIM115 - the server's, which goes on
    server = subprocess.Popen(command, env={**os.environ, "PATH": paths}, stdout=log, stderr=subprocess.STDOUT)
    print(server.pid)
    address = f"http://127.0.0.1:{port}/invocations"
    request = urllib.request.Request(address, ASKED.encode(), {"Content-Type": "application/json"})
    for _ in range(600):
        try:
            json.load(urllib.request.urlopen(request, timeout=30))
            break
        except urllib.error.URLError:
            if server.poll() is not None:
                sys.exit("the server ended: see serve.log")
            time.sleep(0.1)
    else:
        sys.exit("the server does not answer: see serve.log")
    mlflow.MlflowClient().set_registered_model_alias("plain", "champion", version)


if __name__ == "__main__":
    main()
