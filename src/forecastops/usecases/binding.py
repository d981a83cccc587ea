"""What a decision binds: it is carried out for what it was made about, or not at all."""

from __future__ import annotations

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.mlflow_store.runs import Run
from forecastops.config import Config
from forecastops.core.errors import PromotionRefusedError
from forecastops.core.tags import DATA_DIGEST, MODEL_DIGEST
from forecastops.gate.record import Decision
from forecastops.release.champion import named
from forecastops.release.lineage import model_version

__all__ = ["require_binding"]


def require_binding(decision: Decision, run: Run, config: Config, current: ModelVersion | None) -> None:
    """Refuse a decision whose champion, data, model, model name or rules are not today's.

    Args:
        decision: as it was logged.
        run: that it is about, as it is now.
        config: today's.
        current: the champion; None without one.

    Raises:
        PromotionRefusedError: naming the first that differs, as it was and as it is.
    """
    judged = decision.champion.model if decision.champion else None
    found = model_version(current) if current else None
    pairs = (
        ("against champion", named(judged), named(found)),
        ("for model", decision.model_name, config.registry.model_name),
        ("on data", decision.data_sha256, run.tags.get(DATA_DIGEST)),
        ("with files", decision.model_sha256, run.tags.get(MODEL_DIGEST)),
        ("by policy", decision.policy.model_dump(mode="json"), config.gate.model_dump(mode="json")),
        ("on", decision.config.get("evaluation"), config.evaluation.model_dump(mode="json")),
    )
    for what, then, today in pairs:
        if then != today:
            raise PromotionRefusedError(
                f"run {run.run_id}",
                f"it was judged {what} {_beside(then, today)}, which is now {_beside(today, then)}",
                f"run `forecastops evaluate --run-id {run.run_id}` again",
            )


def _beside(value: object, other: object) -> object:
    """Return a value; of a record only what differs from the other."""
    if not (isinstance(value, dict) and isinstance(other, dict)):
        return value
    return ", ".join(f"{name} {value.get(name)}" for name in {**value, **other} if value.get(name) != other.get(name))
