"""Replay a logged decision: from its evidence and policy to the same ruling, without a model, a fit or a change."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from pydantic import BaseModel

from forecastops import __version__
from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.config import Config
from forecastops.core.errors import ModelError
from forecastops.core.signatures import Trusted
from forecastops.gate.check import Check
from forecastops.gate.decision import Ruling
from forecastops.gate.record import Decision
from forecastops.reporting.sentences.checks import reason_of
from forecastops.reporting.sentences.decision import summary, warnings
from forecastops.usecases.decision_log import logged_decision

__all__ = ["replay"]


def replay(config: Config, run_id: str) -> Decision:
    """Return the decision about a run, its verdict, grounds, checks and notices proven to follow from what it rests on.

    Raises:
        RegistryError: when the run or its decision cannot be had.
        ModelError: when there is none, it was altered, or the replay differs in as much as one bit.
    """
    runs = Runs(connect(config.tracking), Trusted())
    decision = logged_decision(runs, runs.get(run_id))
    difference = next(_differences(decision, decision.replay()), None)
    if difference is not None:
        what = f"its decision of {decision.decided_at} replays differently: {difference}{_origin(decision)}"
        remedy = f"run `forecastops evaluate --run-id {decision.run_id}` to judge it again"
        raise ModelError(f"run {decision.run_id}", what, remedy)
    return decision


def _differences(logged: Decision, now: Ruling) -> Iterator[str]:
    then, found = ({check.name: check for check in checks} for checks in (logged.checks, now.checks))
    for name in {**then, **found}:
        if _exact(then.get(name)) != _exact(found.get(name)):
            yield f"check {name} {_outcome(then.get(name))} then and {_outcome(found.get(name))} now"
    if [*then] != [*found]:
        yield f"the order of the checks was {', '.join(then)} then and is {', '.join(found)} now"
    if logged.verdict != now.verdict:
        yield f"its verdict was {logged.verdict} then and is {now.verdict} now"
    elif (logged.grounds, logged.because) != (now.grounds, now.because):
        yield f"its summary was {summary(logged)!r} then and is {summary(now)!r} now"
    if [_exact(notice) for notice in logged.notices] != [_exact(notice) for notice in now.notices]:
        yield f"its warnings were {list(warnings(logged))} then and are {list(warnings(now))} now"


def _exact(record: BaseModel | None) -> str | None:
    return None if record is None else record.model_dump_json()  # tells -0.0 from 0.0, which == does not


def _outcome(check: Check | None) -> str:
    if check is None:
        return "was absent"
    return f"{'passed' if check.passed else 'failed'} at {check.value!r} ({reason_of(check)})"


def _origin(decision: Decision) -> str:
    """Name what may be the cause: other versions, and bounds that the record lacks, so that defaults stand."""
    told = decision.versions.get("forecastops", "unknown")
    text = f"; it was made by forecastops {told}, this is {__version__}"
    names = [name for name in decision.versions if name != "forecastops" and decision.versions[name] != version(name)]
    text += "".join(f", {name} {decision.versions[name]} then and {version(name)} now" for name in names)
    absent = [name for name in type(decision.policy).model_fields if name not in decision.policy.model_fields_set]
    return text + (f"; its policy does not state {', '.join(absent)}" if absent else "")
