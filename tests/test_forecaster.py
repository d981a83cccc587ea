from __future__ import annotations

import ast
import copy
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.arima.model import ARIMA

from forecastops.forecasting import forecaster as module
from forecastops.forecasting.forecaster import (
    MAX_HORIZON,
    MAX_OBSERVATIONS,
    MODEL_FILE,
    SERIES_FILE,
    Arima,
    Fit,
    Forecaster,
    iso_dates,
)

fixed = settings(max_examples=120, deadline=None, derandomize=True)


def series(rows: int = 40, frequency: str = "D", start: str = "2013-07-31") -> pd.Series[float]:
    random = np.random.default_rng(rows)
    index = pd.date_range(start, periods=rows, freq=frequency)
    return pd.Series(100 + random.normal(size=rows), index=index, name="PaidAmount")


SEASONAL_PARAMS = {"const": 100.1, "ar.L1": 0.5, "ma.L1": 1 / 3, "ar.S.L7": 0.3, "sigma2": 1.1}
SEASONAL = Forecaster(
    Fit((Arima((1, 0, 1), (1, 0, 0, 7), None, False, SEASONAL_PARAMS),), "2013-08-20", True, 0.25), series()
)
FILES = SEASONAL.to_files()
DOCUMENT: dict[str, Any] = json.loads(FILES[MODEL_FILE])
PARAMS: dict[str, float] = DOCUMENT["fits"]["judged"]["members"][0]["params"]


def one(
    order: tuple[int, int, int],
    params: dict[str, float],
    values: pd.Series[float],
    seasonal_order: tuple[int, int, int, int] = (0, 0, 0, 0),
    **others: Any,
) -> Forecaster:
    """A model of one member, estimated through the tenth observation."""
    fit = Fit((Arima(order, seasonal_order, None, False, params),), iso_dates(values.index)[9], True)
    return Forecaster(fit, values, **others)


def fit_of(document: Any, which: str = "judged") -> Any:
    return document["fits"][which]


def member_of(document: Any) -> Any:
    return fit_of(document)["members"][0]


def rebuilt(document: Any, text: str = FILES[SERIES_FILE]) -> Forecaster:
    return Forecaster.from_files({MODEL_FILE: json.dumps(document), SERIES_FILE: text})


def refusal(change: Callable[[dict[str, Any]], object]) -> str:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    with pytest.raises(ValueError, match=r"\w{3,}") as caught:
        rebuilt(document)
    return str(caught.value)


def same_forecast(one: Forecaster, other: Forecaster) -> None:
    pd.testing.assert_frame_equal(one.forecast(), other.forecast(), check_exact=True)


@pytest.mark.parametrize("frequency", ["D", "W-SAT", "MS", "h", "15min", "B"])
@pytest.mark.parametrize("log", [False, True])
def test_a_round_trip_through_files_is_exact(frequency: str, log: bool) -> None:
    params = {"x1": 0.1, "ar.L1": 1 / 3, "ar.L2": -0.1, "ma.L1": 0.1 + 0.2, "sigma2": 5e-3}
    values = series(30, frequency)
    through = values.index[20].isoformat()
    judged = Fit((Arima((2, 1, 1), (0, 0, 0, 0), "t", log, params),), through, False, 0.1 + 0.2)
    written = Forecaster(judged, values, horizon=9, levels=(50, 99))
    read = Forecaster.from_files(written.to_files())
    assert list(read.fit.members[0].params.items()) == list(params.items())
    assert read.values.tolist() == written.values.tolist()
    assert read.values.index.equals(written.values.index)
    assert pd.DatetimeIndex(read.values.index).freq == pd.DatetimeIndex(written.values.index).freq
    same_forecast(read, written)
    assert replace(read, values=written.values) == replace(written, values=written.values)
    assert read.to_files() == written.to_files()


@settings(fixed, max_examples=50)
@given(
    numbers=st.lists(
        st.one_of(st.floats(-1e9, 1e9), st.sampled_from([5e-324, -0.0, 0.1 + 0.2, 2.0**53])), min_size=12, max_size=20
    ),
    ar=st.floats(-0.99, 0.99),
    variance=st.floats(1e-3, 1e6),
)
def test_any_numbers_survive_the_files_bit_by_bit(numbers: list[float], ar: float, variance: float) -> None:
    values = pd.Series(numbers, index=pd.date_range("2013-07-31", periods=len(numbers)))
    params = {"ar.L1": ar, "sigma2": variance}
    written = Forecaster(Fit((Arima((1, 0, 0), (0, 0, 0, 0), "n", False, params),), "2013-08-05", True), values)
    read = Forecaster.from_files(written.to_files())
    assert np.asarray(read.values).tobytes() == np.array(numbers).tobytes()
    assert np.array(list(read.fit.members[0].params.values())).tobytes() == np.array([ar, variance]).tobytes()
    same_forecast(read, written)


def test_the_files_are_plain_text_that_names_its_versions() -> None:
    assert set(FILES) == {MODEL_FILE, SERIES_FILE}
    assert set(DOCUMENT["versions"]) == {"python", "numpy", "pandas", "scipy", "statsmodels"}
    assert DOCUMENT["reference_forecast"] == SEASONAL.reference()
    assert FILES[SERIES_FILE].startswith("date,value\n2013-07-31,")
    assert sum(map(len, FILES.values())) < 10_000


def test_the_module_imports_nothing_of_forecastops_and_nothing_that_pickles() -> None:
    with open(module.__file__, encoding="utf-8") as source:
        tree = ast.parse(source.read())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not imported & {"forecastops", ".", "pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))


def test_an_altered_series_is_refused() -> None:
    last = SEASONAL.values.iloc[-1]
    altered = FILES[SERIES_FILE].replace(repr(float(last)), repr(float(last) + 1e-9))
    assert altered != FILES[SERIES_FILE]
    with pytest.raises(ValueError, match=r"series\.csv is not the one it was written with"):
        rebuilt(DOCUMENT, altered)


@pytest.mark.parametrize("line", ["2013-08-01,inf", "2013-08-01,many", "2013-08-01", "32/13/2013,1.0", "", "a,b,c"])
def test_an_altered_series_with_a_matching_digest_is_refused_where_it_is_no_series(line: str) -> None:
    rows = FILES[SERIES_FILE].splitlines()
    rows[2] = line
    text = "\n".join([*rows, ""])
    document = DOCUMENT | {"series_sha256": hashlib.sha256(text.encode()).hexdigest()}
    with pytest.raises(ValueError, match=r"\w{3,}"):
        rebuilt(document, text)


@pytest.mark.parametrize(
    "text", ["", "\n", "date,value\n", "date,value\n2013-07-31,1.0\n", "\0", "\ud800", "date\n1\n"]
)
def test_a_series_that_is_no_series_is_refused(text: str) -> None:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    with pytest.raises(ValueError, match=r"\w{3,}"):
        rebuilt(DOCUMENT | {"series_sha256": digest}, text)


@pytest.mark.parametrize("name", list(PARAMS))
def test_an_altered_parameter_is_refused_by_the_reference_forecast(name: str) -> None:
    def change(document: dict[str, Any]) -> None:
        member_of(document)["params"][name] += 1e-3

    assert "misses the reference" in refusal(change)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"ar.L1": 0.5}, "are too few for its order"),
        (dict(reversed(PARAMS.items())), "are not those of this order"),
        ({f"{name}x": value for name, value in PARAMS.items()}, "are not those of this order"),
        (PARAMS | {"extra": 1.0}, "are not those of this order"),
        (PARAMS | {"sigma2": math.nan}, "no finite number"),
        (PARAMS | {"sigma2": math.inf}, "no finite number"),
        (PARAMS | {"sigma2": "1.1"}, "no finite number"),
        (PARAMS | {"sigma2": None}, "no finite number"),
        (PARAMS | {"sigma2": True}, "no finite number"),
        (list(PARAMS), "which is no dict"),
    ],
)
def test_parameters_of_other_names_or_no_numbers_are_refused(params: Any, named: str) -> None:
    assert named in refusal(lambda document: member_of(document).update(params=params))


@pytest.mark.parametrize("number", [0, 4, "3", True, None, [3]])
def test_an_unknown_format_is_named(number: Any) -> None:
    assert f"its format is {number!r}; this loader reads 1, 2, 3" in refusal(
        lambda document: document.update(format=number)
    )


def test_a_model_of_format_1_goes_on_forecasting_in_the_datas_unit() -> None:
    """Where a difference makes the unit matter, it would else miss its own reference and be stuck as champion."""
    days = pd.date_range("2020-01-01", periods=90, freq="D", name="date")
    values = pd.Series(5e4 + 1e3 * np.sin(np.arange(90.0)) + 300 * (np.arange(90) % 7), days, name="value")
    params = {"ma.L1": -0.4, "ma.S.L7": -0.5, "sigma2": 9e5}
    old = one((0, 1, 1), params, values, (0, 1, 1, 7), in_data_unit=True)
    plain = ARIMA(values, order=(0, 1, 1), seasonal_order=(0, 1, 1, 7)).filter(list(params.values()))
    files = old.to_files()
    assert json.loads(files[MODEL_FILE])["format"] == 1
    again = Forecaster.from_files(files)
    assert again.in_data_unit
    assert again.forecast()["mean"].to_numpy() == pytest.approx(plain.forecast(14).to_numpy(), rel=1e-12)
    newer = replace(old, in_data_unit=False)
    assert not np.allclose(newer.forecast()["mean"], again.forecast()["mean"], rtol=1e-6, atol=0)
    with pytest.raises(ValueError, match="misses the reference"):
        Forecaster.from_files({**files, MODEL_FILE: files[MODEL_FILE].replace('"format": 1', '"format": 2')})


@pytest.mark.parametrize("name", [MODEL_FILE, SERIES_FILE])
def test_a_missing_file_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=name.replace(".", r"\.")):
        Forecaster.from_files({other: text for other, text in FILES.items() if other != name})


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "5", '"x"', "{}", "NaN", "\0", "[" * 100_000, '{"a":' * 100_000, FILES[MODEL_FILE][:-9]],
    ids=range(12),
)
def test_garbage_instead_of_a_model_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"model\.json (is not JSON|does not describe a model)"):
        Forecaster.from_files({MODEL_FILE: text, SERIES_FILE: FILES[SERIES_FILE]})


NOT_NEEDED = {"versions", "interpolated", "states", "signature"}


@pytest.mark.parametrize("key", [key for key in DOCUMENT if key not in NOT_NEEDED])
def test_a_field_that_is_missing_is_refused(key: str) -> None:
    assert key in refusal(lambda document: document.pop(key))


@pytest.mark.parametrize("key", ["judged", "served"])
def test_a_fit_that_is_missing_is_refused(key: str) -> None:
    assert key in refusal(lambda document: document["fits"].pop(key))


@pytest.mark.parametrize("key", ["members", "estimated_through", "converged"])
def test_a_field_of_a_fit_that_is_missing_is_refused(key: str) -> None:
    assert key in refusal(lambda document: fit_of(document).pop(key))


@pytest.mark.parametrize("key", list(member_of(DOCUMENT)))
def test_a_field_of_a_member_that_is_missing_is_refused(key: str) -> None:
    assert key in refusal(lambda document: member_of(document).pop(key))


@pytest.mark.parametrize(
    ("place", "key", "value", "named"),
    [
        (member_of, "order", [1, 0], "order"),
        (member_of, "order", [1.0, 0, 1], "order"),
        (member_of, "order", [True, 0, 1], "order"),
        (member_of, "order", [10**30, 0, 1], "order"),
        (member_of, "order", [1, 1000, 1], "differences away"),
        (member_of, "seasonal_order", [1000, 0, 0, 1000], "too few for its order"),
        (member_of, "seasonal_order", [1, 1000, 0, 1000], "differences away"),
        (member_of, "trend", "ctt", "trend"),
        (member_of, "log", 0, "log"),
        (fit_of, "converged", None, "converged"),
        (fit_of, "estimated_through", "lately", "lately"),
        (fit_of, "estimated_through", 0, "estimated_through"),
        (fit_of, "start_gap", "0", "start_gap"),
        (fit_of, "start_gap", True, "start_gap"),
        (fit_of, "start_gap", math.nan, "start_gap"),
        (fit_of, "start_gap", math.inf, "start_gap"),
        (fit_of, "members", [], "0 members, not 1 to 20"),
        (fit_of, "members", [member_of(DOCUMENT)] * 21, "21 members, not 1 to 20"),
        (dict, "fits", [], "model.json"),
        (dict, "horizon", 10**12, "horizon"),
        (dict, "horizon", "2013-09-22", "horizon"),
        (dict, "levels", [80.5], "levels"),
        (dict, "levels", [10**400], "levels"),
        (dict, "frequency", None, "frequency"),
        (dict, "frequency", "h", "frequency"),
        (dict, "interpolated", 5, "not iterable"),
    ],
)
def test_a_field_of_another_kind_is_named(place: Callable[[Any], Any], key: str, value: Any, named: str) -> None:
    def change(document: dict[str, Any]) -> None:
        (document if place is dict else place(document)).update({key: value})

    assert named in refusal(change)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


# Of each list in the reference forecast, its first and last cell are enough.
PLACES = [path for path in places(DOCUMENT) if "reference_forecast" not in path or len(path) < 3 or path[-1] in {0, 13}]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 20),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["D", "W", "2013-08-20", "c", "ar.L1", 10**400, 1001, -0.0, 1e308, 1]),
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


def require_refused_or_as_written(text: str) -> None:
    try:
        read = Forecaster.from_files({MODEL_FILE: text, SERIES_FILE: FILES[SERIES_FILE]})
    except ValueError:
        return
    found, expected = read.forecast(), SEASONAL.forecast()
    assert found["date"].tolist() == expected["date"].tolist()
    assert list(found.columns) == list(expected.columns)
    np.testing.assert_allclose(found.drop(columns="date"), expected.drop(columns="date"), rtol=1e-6)


@fixed
@given(path=st.sampled_from(PLACES), value=anything, delete=st.booleans())
def test_a_mutated_model_is_refused_or_forecasts_as_written(path: tuple[Any, ...], value: Any, delete: bool) -> None:
    document = copy.deepcopy(DOCUMENT)
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    if delete:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    require_refused_or_as_written(json.dumps(document))


@fixed
@given(st.integers(0, len(FILES[MODEL_FILE]) - 1), st.text(max_size=3), st.integers(0, 40))
def test_model_text_that_is_damaged_anywhere_is_refused_or_forecasts_as_written(
    position: int, inserted: str, removed: int
) -> None:
    text = FILES[MODEL_FILE][:position] + inserted + FILES[MODEL_FILE][position + removed :]
    require_refused_or_as_written(text)


@pytest.mark.parametrize("horizon", [0, -1, MAX_HORIZON + 1, 2.5, 2.0, True, "x", None, math.nan, math.inf, [3]])
def test_a_horizon_out_of_range_is_refused(horizon: Any) -> None:
    with pytest.raises(ValueError, match="horizon must be a whole number from 1 to 1000"):
        SEASONAL.predict(params={"horizon": horizon})


@pytest.mark.parametrize(
    "levels", [0, 100, -5, 80.5, [], True, [80, 100], "x", ["80"], None, math.nan, math.inf, {}, [1j], 10**400]
)
def test_levels_out_of_range_are_refused(levels: Any) -> None:
    with pytest.raises(ValueError, match="levels must be whole percentages from 1 to 99"):
        SEASONAL.predict(params={"levels": levels})


def test_a_prediction_has_dated_rows_with_mean_and_intervals() -> None:
    found = SEASONAL.predict(pd.DataFrame({"ignored": [1]}))
    assert list(found.columns) == ["date", "mean", "lower_80", "upper_80", "lower_95", "upper_95"]
    assert found["date"].tolist() == [f"2013-09-{day:02}" for day in range(9, 23)]
    ordered = found[["lower_95", "lower_80", "mean", "upper_80", "upper_95"]].to_numpy()
    assert (np.diff(ordered) > 0).all()
    pd.testing.assert_frame_equal(found, SEASONAL.predict(None, {}))


@pytest.mark.parametrize("levels", [50, [50], np.array([50]), [[50]], [50, 50.0]])
def test_levels_and_horizon_may_be_asked_for(levels: Any) -> None:
    found = SEASONAL.predict(params={"horizon": np.int64(3), "levels": levels})
    assert list(found.columns) == ["date", "mean", "lower_50", "upper_50"]
    pd.testing.assert_series_equal(found["mean"], SEASONAL.forecast()["mean"].head(3))


def test_a_table_may_ask_for_a_horizon() -> None:
    pd.testing.assert_frame_equal(SEASONAL.predict(pd.DataFrame({"horizon": [3]})), SEASONAL.forecast(3))
    pd.testing.assert_frame_equal(SEASONAL.predict(pd.DataFrame({"horizon": []})), SEASONAL.forecast())
    with pytest.raises(ValueError, match="horizon must be a whole number from 1 to 1000, not 0"):
        SEASONAL.predict(pd.DataFrame({"horizon": [0]}))
    with pytest.raises(ValueError, match="one row asks for one forecast, not 2"):
        SEASONAL.predict(pd.DataFrame({"horizon": [3, 4]}))


def test_the_longest_horizon_is_forecast() -> None:
    assert len(SEASONAL.predict(params={"horizon": MAX_HORIZON})) == MAX_HORIZON
