"""What the functions that concern production return."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forecastops.reporting.notebook import Banner, Facts, Notes, Table, Tone, shown
from forecastops.results.base import Result
from forecastops.results.evaluation import EvaluateResult, TrainResult

if TYPE_CHECKING:
    import pandas as pd

    from forecastops.config import Config
    from forecastops.usecases.status import Status

__all__ = [
    "ChampionInProduction",
    "Endpoint",
    "ForecastResult",
    "PromoteResult",
    "RenewResult",
    "RetrainResult",
    "StatusResult",
]


@dataclass(frozen=True)
class Endpoint:
    """What serves; ``version`` is told by `status` alone."""

    name: str
    url: str | None
    state: str
    version: str | None = None


@dataclass(frozen=True)
class RenewResult(Result):
    """What a renewal came to.

    Attributes:
        promoted: whether another model is in production now.
        renewed: whether the champion was given newer data, or estimated on them.
        version: the version that came into production; None where none did.
        previous_version: the champion before; None where there was none.
        endpoint: what serves, where it was asked.
        reason: why the champion was not renewed; None where it was, or was not to be.
        note: all that in one line.
        refused: whether the data were refused (not part of the JSON, whose ``reason`` says so).
    """

    promoted: bool
    renewed: bool
    version: str | None
    previous_version: str | None
    endpoint: Endpoint | None
    reason: str | None
    note: str
    refused: bool

    def _repr_html_(self) -> str:
        tone, word = self._outcome()
        served = self.endpoint and f"{self.endpoint.name}: {self.endpoint.state}"
        return shown(
            Banner(tone, word, self.note),
            Facts(
                [
                    ("in production now", self.version and f"version {self.version}"),
                    ("champion before", self.previous_version and f"version {self.previous_version}"),
                    ("endpoint", served),
                    ("address", self.endpoint and self.endpoint.url),
                ]
            ),
        )

    def _outcome(self) -> tuple[Tone, str]:
        """Return how it is to be seen, and the word for it."""
        if self.promoted:
            return "good", "IN PRODUCTION"
        if self.renewed:
            return "good", "RENEWED"
        return ("bad", "DATA REFUSED") if self.refused else ("wait", "UNCHANGED")


@dataclass(frozen=True)
class PromoteResult(RenewResult):
    """What a promotion or a rollback came to; of a renewal it has all fields.

    Attributes:
        run_id: the challenger's run, or that of the model returned to.
        verdict: the decision's; None for a rollback.
    """

    run_id: str | None
    verdict: str | None


@dataclass(frozen=True)
class RetrainResult(Result):
    """What training, evaluation and promotion came to, one after the other.

    Attributes:
        promote: None where the champion stays.
        renew: None where the champion was not renewed.
        note: what is in production now, in one line.
    """

    train: TrainResult
    evaluate: EvaluateResult
    promote: PromoteResult | None
    renew: RenewResult | None
    note: str

    def _repr_html_(self) -> str:
        outcome = self.promote or self.renew
        last = outcome._repr_html_() if outcome else shown(Banner("wait", "UNCHANGED", self.note))
        return self.evaluate._repr_html_() + last


@dataclass(frozen=True)
class ChampionInProduction:
    """The version under the pointer, the run and version that brought its model in, and the pointer's kind."""

    version: str
    run_id: str | None
    model_version: str | None
    pointer: str


@dataclass(frozen=True)
class StatusResult(Result):
    """What is in production.

    Attributes:
        pointer: ``alias`` or ``stage``.
        champion: None without one.
        files: ``state``, ``sha256`` and ``signed`` of the champion's files; None without a champion.
        endpoint: None without one.
        forecasts_from: ISO date of the newest observation in the champion's state.
        newest_data: ISO date of the newest that a run has brought and that were not refused.
        newest_data_run: that run.
        consistent: whether all agree, and production has the newest data.
        problems: what does not, each with the command that fixes it.
        panel: of a panel, ``series`` (how many), ``newest``, ``oldest``, ``oldest_series``, ``behind``, ``defaults``.
    """

    pointer: str
    champion: ChampionInProduction | None
    files: dict[str, Any] | None
    endpoint: Endpoint | None
    forecasts_from: str | None
    newest_data: str | None
    newest_data_run: str | None
    consistent: bool
    problems: tuple[str, ...]
    panel: dict[str, Any] | None
    _found: Status = field(kw_only=True, repr=False, compare=False)
    _config: Config = field(kw_only=True, repr=False, compare=False)

    def _repr_html_(self) -> str:
        tone: Tone = "good" if self.consistent else "bad"
        champion, endpoint = self.champion, self.endpoint
        said = "Champion, files and endpoint agree, and production has the newest data."
        if champion is None:
            said = "Nothing is in production yet."
        if not self.consistent:
            said = "Not all is as it should be; each problem names the command that fixes it."
        return shown(
            Banner(tone, "ALL AGREE" if self.consistent else "PROBLEMS", said),
            Notes("Problems", self.problems),
            Facts(
                [
                    ("champion", f"version {champion.version}, by {champion.pointer}" if champion else "none"),
                    ("its run", champion and champion.run_id),
                    ("its model is of", champion and f"version {champion.model_version}"),
                    ("files", self.files and self.files["state"]),
                    ("endpoint", f"{endpoint.name}: {endpoint.state}" if endpoint else "none"),
                    ("address", endpoint and endpoint.url),
                    ("forecasts from", self.forecasts_from),
                    ("newest data", self.newest_data),
                ]
            ),
        )

    def require_champion(self, run_id: str) -> None:
        """Do nothing where the run's model is the champion, itself or renewed, and all agree.

        Raises:
            RegistryError: when another model or none is in production, or pointer and endpoint do not agree.
        """
        from forecastops.usecases.status import require_in_production

        require_in_production(self._found, run_id)

    def require_sound(self) -> None:
        """Do nothing where all agree, the data are the newest, and the endpoint, asked, gives the champion's forecast.

        Raises:
            RegistryError: naming the first problem.
            EndpointError: when the endpoint answers otherwise, or not.
        """
        from forecastops.core.surroundings import borrowed
        from forecastops.usecases.status import require_sound

        with borrowed():
            require_sound(self._config, self._found)


@dataclass(frozen=True)
class ForecastResult(Result):
    """A forecast.

    Attributes:
        version: of the champion that gave it.
        forecast: one row a step: ``date`` (ISO), ``mean``, and ``lower_N``, ``upper_N`` of each level N in percent.
    """

    version: str
    forecast: tuple[dict[str, Any], ...]

    def to_frame(self) -> pd.DataFrame:
        """Return a frame of floats in the data's unit, shape (horizon, 1 + 2 * levels), by dates (DatetimeIndex)."""
        import pandas as pd

        frame = pd.DataFrame(self.forecast)
        return frame.set_index(pd.DatetimeIndex(frame.pop("date"), name="date"))

    def _repr_html_(self) -> str:
        rows = [list(row.values()) for row in self.forecast]
        return shown(Table(f"Forecast of version {self.version}", list(self.forecast[0]), rows))
