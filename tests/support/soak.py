"""Many interruptions at random moments, and many promotions at once; run by `make soak`, not by pytest.

    python tests/support/soak.py --kills 200 --rounds 20 [--postgresql] [--exec] [--seed 0]

Each kill is a SIGKILL of promote, renew or rollback at a random moment, followed by one rerun, after which pointer,
endpoint and journal must agree. Each round starts two promotions judged against the same champion at the same moment,
of which exactly one must win. Exits with 1 at the first violation, and prints what it saw.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from command import Command
from killing import require_one_winner
from local_endpoint_support import stop_endpoints
from servers import mlflow_server, postgres
from stories import CHAINS, STORIES, require_told
from workshop import Stage, Workshop


def main() -> None:
    """Kill, then race; print the counts."""
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="forecastops-soak-"))
    with contextlib.ExitStack() as servers:
        uri = f"sqlite:///{folder / 'mlflow.db'}"
        if options.postgresql:
            uri = servers.enter_context(mlflow_server(servers.enter_context(postgres()), folder))
        os.environ |= {"FORECASTOPS_HOME": str(folder / "home"), "MLFLOW_TRACKING_URI": uri}
        servers.callback(stop_endpoints, folder / "home")
        command = Command(folder, os.environ, forks=not options.exec)
        # A run carries one decision, which binds one model: each stage has runs of its own.
        stages: dict[str, Stage] = {}
        for chain in CHAINS:
            stage = Workshop.build(command).stage(f"soak-{chain[0]}")
            stages |= dict.fromkeys(chain, stage)
        kill(stages, options.kills, random.Random(options.seed))
        if options.rounds:
            race(Workshop.build(command).stage("soak-race"), options.rounds)
    shutil.rmtree(folder, ignore_errors=True)


def kill(stages: dict[str, Stage], kills: int, chance: random.Random) -> None:
    """Interrupt the stories in turn at random moments until there were ``kills`` interruptions."""
    seen: Counter[str] = Counter()
    for name, *_ in CHAINS:
        STORIES[name].begin(stages[name])
    seconds = dict.fromkeys(STORIES, 1.0)  # how long each took undisturbed, the last time
    for name in itertools.cycle(STORIES):
        stage, command = stages[name], STORIES[name].command(stages[name])
        STORIES[name].reset(stage)
        running = stage.start(*command)
        time.sleep(chance.uniform(0.0, seconds[name]))
        running.process.kill()
        result = running.result()
        if result.code == 0:
            seen["ended before the kill"] += 1
        else:
            assert result.code == -signal.SIGKILL, result.stderr
            seen[name] += 1
        seen["left something to mend"] += bool(require_told(stage))
        started = time.monotonic()
        done = stage.ok(*command)
        if "already" not in done["note"]:
            seconds[name] = time.monotonic() - started
        STORIES[name].require_done(stage, done)
        done_so_far = sum(seen[name] for name in STORIES)
        print(f"{done_so_far} kills: {dict(seen)}", file=sys.stderr, flush=True)
        if done_so_far >= kills:
            break
    print(f"{done_so_far} kills, 0 violations: {dict(seen)}", flush=True)


def race(stage: Stage, rounds: int) -> None:
    """Start two promotions at the same moment, again and again."""
    for _ in range(rounds):
        require_one_winner(stage, [stage.workshop.second, stage.workshop.third])
    print(f"{rounds} rounds of two promotions at once, one winner each", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--postgresql", action="store_true", help="an mlflow server with PostgreSQL instead of SQLite")
    parser.add_argument("--exec", action="store_true", help="start endpoints as users do, which takes thrice as long")
    return parser.parse_args()


if __name__ == "__main__":
    main()
