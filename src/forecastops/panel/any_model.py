"""Whatever model files hold, of one series or of a panel: rebuilt without running any of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from forecastops.core.documents import json_document
from forecastops.core.errors import ModelError
from forecastops.forecasting.artifact import PANEL, explained, is_panel, rebuilt
from forecastops.forecasting.forecaster import Forecaster

if TYPE_CHECKING:
    from forecastops.panel.panel_forecaster import PanelForecaster

    AnyModel: TypeAlias = Forecaster | PanelForecaster

__all__ = ["rebuilt_model", "single_series"]


def rebuilt_model(files: Mapping[str, bytes], place: str) -> AnyModel:
    """Return the model of proven files, by the installed loaders.

    Raises:
        ModelError: when the files do not describe one, or it does not forecast as it did.
    """
    if not is_panel(files):
        return rebuilt(files, place)
    # Its libraries are slow to import, and nothing to those who have one series.
    from forecastops.panel.panel_forecaster import MANIFEST, PanelForecaster

    prefix = f"{PANEL.data}/"
    own = {name.removeprefix(prefix): data for name, data in files.items() if name.startswith(prefix)}
    with explained(place):
        json_document(own[MANIFEST])  # the loader would take the second of a key
        return PanelForecaster.from_files(own)


def single_series(model: AnyModel, place: str) -> Forecaster:
    """Return the model of one series.

    Raises:
        ModelError: when it is a panel's.
    """
    if not isinstance(model, Forecaster):
        what = f"is a panel of {len(model.places)} series"
        raise ModelError(place, what, "set data.series_column, by which the commands know panels")
    return model
