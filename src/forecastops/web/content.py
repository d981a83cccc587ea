"""What each page shows: facts from the use cases that the commands have too, as a template's arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any

from forecastops.adapters.mlflow_store.catalogue import CataloguedModel, catalogue, is_registered
from forecastops.adapters.mlflow_store.connection import connect
from forecastops.config import Config
from forecastops.core.errors import RegistryError
from forecastops.core.redaction import redact_uri
from forecastops.core.strict import NAME
from forecastops.reporting.documents import status_document
from forecastops.reporting.history_page import history_facts
from forecastops.reporting.pages.panel_series import series_page
from forecastops.reporting.pages.rendering import render
from forecastops.reporting.report_page import report_page
from forecastops.usecases.history import History, history
from forecastops.usecases.report import report
from forecastops.usecases.status import Status, status
from forecastops.web.places import decisions_path, history_path, model_path, report_path, series_path

__all__ = ["Pages", "UnknownModelError", "error_page"]

_NEWEST, _MOST = 10, 200
_ALL_MODELS = [("All models", "/", False)]


class UnknownModelError(RegistryError):
    """Nothing is known of a model of that name."""


class Pages:
    """The pages of one configuration; each is made anew from registry, runs and endpoint."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def models(self) -> str:
        """Return the list of all models."""
        registry = self._config.registry
        connection = connect(self._config.tracking)
        found = catalogue(connection, registry.alias, registry.model_name)
        rows = [_row(model) for model in found]
        return render(
            "models.html", nav=[("All models", "/", True)], models=rows, registry=redact_uri(connection.registry_uri)
        )

    def model(self, name: str) -> str:
        """Return the page of a model: what is in production, and what happened last."""
        config = self._config_of(name)
        found = status(config)
        past = history(config, _NEWEST)
        if found.champion is None and found.newest_data is None and not past.events:
            self._require_registered(name)
        return render(
            "model.html",
            **history_facts(past),
            nav=_navigation(name, "model"),
            status=_status(found),
            report=report_path,
            history_path=history_path(name),
        )

    def history(self, name: str) -> str:
        """Return the page of what happened to a model."""
        found = self._history(name)
        return render("history.html", **history_facts(found), nav=_navigation(name, "history"), report=report_path)

    def decisions(self, name: str) -> str:
        """Return the page of the decisions about a model."""
        facts = history_facts(self._history(name))
        events = [one for one in facts["events"] if one["is_decision"]]
        facts |= {"events": events}
        return render("decisions.html", **facts, nav=_navigation(name, "decisions"), report=report_path)

    def report(self, run_id: str) -> str:
        """Return the report on a run: the page that ``forecastops report`` writes."""
        return report_page(report(self._config, run_id), _ALL_MODELS, partial(series_path, run_id))

    def series(self, run_id: str, series: str) -> str:
        """Return the page of one series of a run's panel, drawn now."""
        from forecastops.usecases.panels.report import series_report

        found = series_report(self._config, run_id, series)
        return series_page(found, _ALL_MODELS, report_path(found.run_id))

    def _history(self, name: str) -> History:
        config = self._config_of(name)
        found = history(config, _MOST)
        if not found.events:
            self._require_registered(name)
        return found

    def _require_registered(self, name: str) -> None:
        """Do nothing for a model that the registry has, even if nothing ever happened to it."""
        if name != self._config.registry.model_name and not is_registered(connect(self._config.tracking), name):
            raise UnknownModelError(f"model {name!r}", "is not known here", "see the list of all models")

    def _config_of(self, name: str) -> Config:
        """Return the configuration of that model: the endpoint of another is called like it.

        Raises:
            UnknownModelError: when forecastops can have no model of that name.
        """
        if name == self._config.registry.model_name:
            return self._config
        if not re.fullmatch(NAME, name):
            what = "has a name that forecastops gives to no model"
            raise UnknownModelError(f"model {name!r}", what, "look at it with MLflow's own pages")
        registry = self._config.registry.model_copy(update={"model_name": name})
        deployment = self._config.deployment.model_copy(update={"name": None})
        return self._config.model_copy(update={"registry": registry, "deployment": deployment})


def error_page(title: str, said: str, remedy: str = "", *, known: bool = True) -> str:
    """Return a page that says what is wrong in one line, and the way out.

    Args:
        title: in a few words.
        said: what is wrong.
        remedy: what to do.
        known: whether whoever asks may see other pages.
    """
    return render("error.html", nav=_ALL_MODELS if known else [], title=title, said=said, remedy=remedy)


def _navigation(name: str, current: str) -> list[tuple[str, str, bool]]:
    places = {"model": (name, model_path(name)), "history": ("History", history_path(name))}
    places["decisions"] = ("Decisions", decisions_path(name))
    return [*_ALL_MODELS, *((words, path, page == current) for page, (words, path) in places.items())]


def _row(model: CataloguedModel) -> Mapping[str, Any]:
    changed = None
    if model.changed is not None:
        changed = datetime.fromtimestamp(model.changed, timezone.utc).isoformat(timespec="seconds")
    return {
        "name": model.name,
        "path": model_path(model.name) if re.fullmatch(NAME, model.name) else None,
        "champion": model.champion,
        "data_end": model.data_end,
        "changed": changed,
    }


def _status(found: Status) -> Mapping[str, Any]:
    """Return what is in production, with the age of its data in days."""
    document = status_document(found)
    served, age = document["forecasts_from"], None
    if served:
        age = (datetime.now(timezone.utc).replace(tzinfo=None) - datetime.fromisoformat(served)).days
    return document | {"age": age}
