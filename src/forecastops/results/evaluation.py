"""What training, evaluation and a look at data return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from forecastops.reporting.notebook import TONES, Banner, Facts, Notes, Table, shown
from forecastops.reporting.sentences.specification import specification
from forecastops.results.base import Result

__all__ = ["Check", "CheckDataResult", "ComparedChampion", "EvaluateResult", "TrainResult", "TrainingData", "Window"]


@dataclass(frozen=True)
class TrainingData:
    """A series that was trained on: ISO dates of its ends, number of dates, and SHA-256 of its canonical CSV."""

    start: str
    end: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class TrainResult(Result):
    """A run with a model that is not registered.

    Attributes:
        run_id: MLflow's id of the run.
        model_name: the registered model that it may join.
        spec: orders, or under ``members`` those of which the mean is taken.
        metrics: by name, ``RMSE`` (in the data's unit) and ``R2`` of the last 10 % among them.
        data: what it was trained on.
        selection: what was chosen out of which candidates; None where the specification is fixed.
    """

    run_id: str
    model_name: str
    spec: dict[str, Any]
    metrics: dict[str, float]
    data: TrainingData
    selection: dict[str, Any] | None

    def _repr_html_(self) -> str:
        data = f"{self.data.start} to {self.data.end}, {self.data.rows} rows"
        chosen = self.selection and f"out of {len(self.selection['candidates'])} candidates"
        return shown(
            Banner("plain", "TRAINED", "A challenger is logged as a run. It is not registered, and not judged yet."),
            Facts(
                [
                    ("run", self.run_id),
                    ("for model", self.model_name),
                    ("specification", specification(self.spec)),
                    ("chosen", chosen),
                    ("data", data),
                    ("SHA-256 of the data", self.data.sha256),
                    ("RMSE of the last 10 %", self.metrics.get("RMSE")),
                    ("R2 of the last 10 %", self.metrics.get("R2")),
                ]
            ),
        )


@dataclass(frozen=True)
class Check:
    """One check of the gate.

    Attributes:
        name: the rule.
        passed: whether the challenger met it.
        value: what was measured; None where it cannot be computed.
        threshold: the bound; None for a yes or no.
        reason: one sentence.
    """

    name: str
    passed: bool
    value: float | None
    threshold: float | None
    reason: str


@dataclass(frozen=True)
class Window:
    """What was forecast: ISO dates of its ends, number of origins, and steps from each."""

    start: str
    end: str
    origins: int
    horizon: int


@dataclass(frozen=True)
class ComparedChampion:
    """The champion that a challenger was compared with."""

    version: str
    model_version: str | None
    run_id: str
    re_estimated: bool
    recorded: dict[str, float | None] | None
    gone: bool


@dataclass(frozen=True)
class EvaluateResult(Result):
    """A decision about a challenger.

    Attributes:
        run_id: the challenger's run.
        verdict: PROMOTE, HOLD or REJECT.
        summary: one sentence: why.
        checks: every check that the policy switches on.
        needed: what would have passed, of each check that failed and counts.
        warnings: what did not decide, but should be known.
        metrics: scores by model (``challenger``, ``champion``, ``seasonal_naive``), then by name, in the data's unit
            where they have one; None for a model that was not there.
        champion: None where there was none.
        window: what was forecast.
        replayed: whether it is a logged decision that was proven by deciding again.
        decided_at: of a replay, the UTC time of the decision.
    """

    run_id: str
    verdict: Literal["PROMOTE", "HOLD", "REJECT"]
    summary: str
    checks: tuple[Check, ...]
    needed: tuple[str, ...]
    warnings: tuple[str, ...]
    metrics: dict[str, dict[str, float | None] | None]
    champion: ComparedChampion | None
    window: Window
    replayed: bool = False
    decided_at: str | None = None

    def _repr_html_(self) -> str:
        scored = {model: scores for model, scores in self.metrics.items() if scores}
        names = list(next(iter(scored.values()), {}))
        scores = [[model, *(found.get(name) for name in names)] for model, found in scored.items()]
        checks = [[check.name, "passed" if check.passed else "failed", check.reason] for check in self.checks]
        against = f"champion version {self.champion.version}" if self.champion else "no champion"
        window = f"{self.window.start} to {self.window.end}: {self.window.origins} origins, {self.window.horizon} steps"
        return shown(
            Banner(TONES[self.verdict], self.verdict, self.summary),
            Notes("What would have been needed", self.needed),
            Notes("Notes", self.warnings),
            Facts([("run", self.run_id), ("against", against), ("window", window)]),
            Table("Scores, in the data's unit", ["", *names], scores),
            Table("Checks", ["check", "outcome", "what was found"], checks, numbers_from=3),
        )


@dataclass(frozen=True)
class CheckDataResult(Result):
    """A series that can be trained on, and what was done to make it regular.

    Attributes:
        start: ISO date of the first row; ``end`` that of the last.
        rows: dates, missing ones included; ``rows_read`` counts those of the sources.
        frequency: pandas' name of it.
        missing: dates without a value.
        filled: missing dates that were interpolated or count as zero; ``interpolated`` the former alone.
        sum: of the values, in the data's unit; ``first`` and ``last`` are values too, None of a panel.
        sha256: of the canonical CSV.
        notes: what was done, and what is odd about the newest rows.
    """

    start: str
    end: str
    rows: int
    frequency: str
    missing: int
    filled: int
    interpolated: int
    rows_read: int
    sum: float
    first: float | None
    last: float | None
    sha256: str
    notes: tuple[str, ...]

    def _repr_html_(self) -> str:
        counted = (
            "rows",
            "frequency",
            "missing",
            "filled",
            "interpolated",
            "rows_read",
            "sum",
            "first",
            "last",
            "sha256",
        )
        pairs = [(name.replace("_", " "), getattr(self, name)) for name in counted]
        return shown(
            Facts([("data", f"{self.start} to {self.end}"), *pairs]),
            Notes("Notes", self.notes),
        )
