from __future__ import annotations

import ast
import copy
import hashlib
import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.arima.model import ARIMA

from examples import examples
from forecastops.forecasting import forecaster as module
from forecastops.forecasting.forecaster import (
    MAX_HORIZON,
    MAX_OBSERVATIONS,
    MODEL_FILE,
    SERIES_FILE,
    Arima,
    Fit,
    Forecaster,
    arima,
    iso_dates,
)

fixed = examples(120)


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
    for field in fields(Forecaster):
        assert field.name in ("values", "kept") or getattr(read, field.name) == getattr(written, field.name)
    assert read.to_files() == written.to_files()


@examples(50)
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


@pytest.mark.parametrize("line", ["2013-08-01,inf", "2013-08-01,many", "32/13/2013,1.0", "", "a,b,c"])
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


def test_an_order_beyond_all_memory_is_refused_before_it_is_built() -> None:
    def widen(document: Any) -> None:
        member = document["fits"]["judged"]["members"][0]
        member["seasonal_order"] = [*member["seasonal_order"][:3], 1000]

    assert "states, more than 1000" in refusal(widen)


NOT_NEEDED = {"versions", "interpolated", "states", "signature", "calibrated"}


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
        (member_of, "order", [1, 50, 1], "differences away"),
        (member_of, "order", [1, 1000, 1], "more than 1000"),
        (member_of, "seasonal_order", [1000, 0, 0, 1000], "too few for its order"),
        (member_of, "seasonal_order", [1, 8, 0, 7], "differences away"),
        (member_of, "seasonal_order", [1, 1000, 0, 1000], "more than 1000"),
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
    found = SEASONAL.predict(pd.DataFrame())
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


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"steps": [3]}),
        pd.DataFrame({"horizon": [3], "steps": [3]}),
        pd.DataFrame({"steps": []}),
        pd.DataFrame([[3]], columns=["Horizon"]),
        pd.DataFrame([[3]]),
        [{"steps": 3}],
        {"steps": [3]},
        [3],
    ],
)
def test_unknown_columns_are_named(table: Any) -> None:
    names = [str(name) for name in pd.DataFrame(table).columns if name != "horizon"]
    with pytest.raises(ValueError, match=rf"unknown columns '?{names[0]}'?; this model knows date, value, horizon"):
        SEASONAL.predict(table)


def test_of_many_unknown_columns_some_are_named() -> None:
    with pytest.raises(ValueError, match=r"'a0', 'a1', 'a2', 'a3', 'a4' and 95 more; this"):
        SEASONAL.predict(pd.DataFrame({f"a{number}": [1] for number in range(100)}))


def test_the_longest_horizon_is_forecast() -> None:
    assert len(SEASONAL.predict(params={"horizon": MAX_HORIZON})) == MAX_HORIZON


# Members, and two fits.

WALK = Arima((0, 1, 1), (0, 0, 0, 0), None, False, {"ma.L1": -0.6, "sigma2": 2.0})
LEVEL = Arima((1, 0, 0), (0, 0, 0, 0), None, False, {"const": 101.0, "ar.L1": 0.4, "sigma2": 0.8})
WEEK = Arima((0, 0, 0), (0, 1, 0, 7), None, False, {"sigma2": 3.0})
LOGS = Arima((0, 1, 1), (0, 0, 0, 0), None, True, {"ma.L1": -0.6, "sigma2": 2e-4})


def holed() -> pd.Series[float]:
    """40 days, of which three are missing."""
    values = series()
    values.iloc[[5, 20, 21]] = np.nan
    return values


@pytest.mark.parametrize("members", [(WALK, LEVEL, WEEK), (WALK, LOGS), (WEEK,)], ids=len)
def test_forecast_and_bounds_are_the_means_of_the_members(members: tuple[Arima, ...]) -> None:
    found = Forecaster(Fit(members, "2013-08-20", True), holed(), levels=(50, 90)).forecast(9)
    alone = [Forecaster(Fit((member,), "2013-08-20", True), holed(), levels=(50, 90)).forecast(9) for member in members]
    assert (
        list(found.columns)
        == list(alone[0].columns)
        == ["date", "mean", "lower_50", "upper_50", "lower_90", "upper_90"]
    )
    for column in found.columns.drop("date"):
        np.testing.assert_allclose(found[column], np.mean([table[column] for table in alone], axis=0), rtol=1e-12)


def test_a_member_forecasts_as_statsmodels_does_where_values_are_missing() -> None:
    plain = ARIMA(holed(), order=(1, 0, 0)).filter(list(LEVEL.params.values())).get_forecast(9)
    found = Forecaster(Fit((LEVEL,), "2013-08-20", True), holed(), levels=(95,)).forecast(9)
    np.testing.assert_allclose(found["mean"], plain.predicted_mean, rtol=1e-9)
    np.testing.assert_allclose(found[["lower_95", "upper_95"]], plain.conf_int(), rtol=1e-6)


def test_the_served_parameters_forecast_and_the_judged_ones_are_at_hand() -> None:
    judged, served = Fit((WALK,), "2013-08-20", True, 0.5), Fit((LEVEL,), "2013-09-08", True)
    both = Forecaster(judged, series(), served)
    assert both.fit == served
    assert both.as_judged().fit == both.judged == judged
    same_forecast(both, Forecaster(served, series()))
    same_forecast(both.as_judged(), Forecaster(judged, series()))
    later = both.with_data(series(60))
    assert (later.judged, later.served) == (judged, served)
    same_forecast(later, Forecaster(served, series(60)))
    same_forecast(later.as_judged(), Forecaster(judged, series(60)))


def test_what_is_missing_or_was_filled_in_is_not_observed() -> None:
    model = Forecaster(Fit((WALK, LEVEL), "2013-08-20", True), series()).with_data(
        holed(), ("2013-08-01", "2013-09-08")
    )
    assert np.flatnonzero(model.observed.isna()).tolist() == [1, 5, 20, 21, 39]
    for errors in (model.standardised_errors(), model.one_step_errors()):
        assert np.flatnonzero(np.isnan(errors)).tolist() == [0, 1, 5, 20, 21, 39]  # a walk has no level at first
    assert model.with_data(series()).observed.notna().all()


@pytest.mark.parametrize("log", [False, True])
def test_one_step_errors_are_statsmodels_own(log: bool) -> None:
    params = {"const": 4.6, "ar.L1": 0.4, "sigma2": 1e-4} if log else LEVEL.params
    model = Forecaster(Fit((replace(LEVEL, log=log, params=params),), "2013-08-20", True), holed())
    plain = ARIMA(np.log(holed()) if log else holed(), order=(1, 0, 0)).filter(list(params.values())).filter_results
    means = np.exp(plain.forecasts[0]) if log else plain.forecasts[0]
    np.testing.assert_allclose(model.one_step_errors(), holed().to_numpy() - means, rtol=1e-8)
    seen = holed().notna().to_numpy()
    standardised = np.where(seen, plain.standardized_forecasts_error[0], np.nan)
    np.testing.assert_allclose(model.standardised_errors(), standardised, rtol=1e-8)


def noisy(*, holidays: bool = False, rows: int = 300) -> pd.Series[float]:
    """A level and normal noise of unit variance; a tenth of the days far off, the others calmer, with holidays."""
    random = np.random.default_rng(7)
    noise = random.normal(size=rows)
    if holidays:
        noise = np.where(np.arange(rows) % 10 == 3, 3.5 * np.sign(noise), 0.8 * noise)
    return pd.Series(100 + noise, pd.date_range("2013-08-01", periods=rows, freq="D", name="date"), name="value")


UNIT = Fit((Arima((0, 0, 0), (0, 0, 0, 0), "c", False, {"const": 100.0, "sigma2": 1.0}),), "2013-08-20", True)


def half_widths(model: Forecaster) -> dict[int, float]:
    found = model.forecast(1, (50, 80, 95)).iloc[0]
    return {level: float(found[f"upper_{level}"] - found["mean"]) for level in (50, 80, 95)}


def test_calibrated_intervals_follow_the_newest_errors_where_they_are_wider_than_a_normals() -> None:
    values = noisy(holidays=True)
    plain, calibrated = (half_widths(Forecaster(UNIT, values, calibrated=flag)) for flag in (False, True))
    newest = np.abs(values.to_numpy()[-112:] - 100)
    for level, normal in plain.items():
        expected = (112 * np.quantile(newest, level / 100) + 20 * normal) / 132
        assert calibrated[level] == pytest.approx(max(normal, expected), rel=1e-9)
    assert calibrated[95] > 1.05 * plain[95]
    assert calibrated[50] == plain[50]


def test_calibrated_intervals_are_never_narrower_nor_more_than_twice_as_wide() -> None:
    plain = half_widths(Forecaster(UNIT, noisy()))
    calm = half_widths(Forecaster(UNIT, 100 + (noisy() - 100) / 10, calibrated=True))
    assert calm == plain
    wild = half_widths(Forecaster(UNIT, 100 + (noisy() - 100) * 50, calibrated=True))
    assert wild == pytest.approx({level: 2 * width for level, width in plain.items()})


def test_values_filled_in_have_no_part_in_calibration() -> None:
    values = noisy()
    values.iloc[-30:] = 150.0
    filled = tuple(date.date().isoformat() for date in values.index[-30:])
    assert half_widths(Forecaster(UNIT, values, interpolated=filled, calibrated=True)) == half_widths(
        Forecaster(UNIT, values.iloc[:-30].asfreq("D"), calibrated=True)
    )
    assert half_widths(Forecaster(UNIT, values, calibrated=True))[95] > half_widths(Forecaster(UNIT, values))[95]


@pytest.mark.parametrize("calibrated", [False, True])
def test_a_model_keeps_whether_it_is_calibrated(calibrated: bool) -> None:
    written = Forecaster(UNIT, noisy(holidays=True), calibrated=calibrated)
    files = written.to_files()
    same_forecast(Forecaster.from_files(files), written)
    document = json.loads(files[MODEL_FILE])
    del document["calibrated"]  # as before there was a choice: the normal's intervals
    if calibrated:
        with pytest.raises(ValueError, match="misses the reference"):
            rebuilt(document, files[SERIES_FILE])
    else:
        same_forecast(rebuilt(document, files[SERIES_FILE]), written)
    with pytest.raises(ValueError, match="its calibrated is 'no', not true or false"):
        rebuilt({**document, "calibrated": "no"}, files[SERIES_FILE])


def test_a_round_trip_keeps_both_fits_and_what_is_missing_or_filled_in() -> None:
    judged = Fit((WALK, LEVEL, WEEK), "2013-08-20", True, 1 / 3)
    served = Fit((replace(WALK, params={"ma.L1": -0.5, "sigma2": 0.1 + 0.2}), LEVEL, WEEK), "2013-09-08", True)
    written = Forecaster(judged, holed(), served, ("2013-08-10", "2013-08-11"), 5, (90,))
    files = written.to_files()
    document = json.loads(files[MODEL_FILE])
    assert (document["format"], document["signature"]) == (3, None)
    assert files[SERIES_FILE].splitlines()[6] == "2013-08-05,"
    read = Forecaster.from_files(files)
    assert (read.judged, read.served) == (judged, served)
    assert read.interpolated == written.interpolated
    assert np.asarray(read.values).tobytes() == np.asarray(holed(), dtype=float).tobytes()
    same_forecast(read, written)
    same_forecast(read.as_judged(), written.as_judged())
    assert read.to_files() == files


def moments(member: Arima, steps: int) -> pd.DataFrame:
    """Mean and variance by statsmodels' own forecast."""
    filtered = member.filtered(holed())
    mean, variance = filtered.ahead(steps)
    return pd.DataFrame({"mean": mean, "variance": variance})


ORDERS = [(0, 0, 0), (1, 0, 1), (2, 0, 2), (0, 1, 1), (2, 1, 0), (0, 2, 2)]
SEASONS = [(0, 0, 0, 0), (1, 0, 1, 7), (0, 1, 1, 7), (0, 2, 1, 4), (2, 1, 0, 4), (0, 1, 0, 7)]


@pytest.mark.parametrize("trend", ["n", "c", "t", "ct"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_kept_state_forecasts_as_statsmodels_does(order: tuple[int, int, int], trend: str) -> None:
    least = {"c": 0, "ct": 0, "t": 1, "n": 9}[trend]
    for season in (season for season in SEASONS if order[1] + season[1] <= least):
        names = arima(holed(), order, season, trend).param_names
        known = {"const": 3.0, "x1": 0.02, "sigma2": 1.7}
        member = Arima(order, season, trend, False, {name: known.get(name, 0.24) for name in names})
        mean, variance = member.ahead(member.filtered(holed()).newest(), len(holed()), 30)
        expected = moments(member, 30)
        np.testing.assert_allclose(mean, expected["mean"], rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(variance, expected["variance"], rtol=1e-10)


def test_a_model_forecasts_from_its_files_without_statsmodels() -> None:
    """And with newer observations, which have to be filtered, it forecasts as the one that was written."""
    written = Forecaster(Fit((WALK, WEEK), "2013-08-20", True), series(), calibrated=True)
    files = written.to_files()
    program = f"""
import sys
from forecastops.forecasting.forecaster import Forecaster
model = Forecaster.from_files({files!r})
model.forecast(30, (50,))
assert not any(name.startswith(("statsmodels", "scipy")) for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)
    read = Forecaster.from_files(files)
    for one in (read.as_judged(), replace(read, values=read.values.copy()), read.with_data(read.values.iloc[:-3])):
        anew = Forecaster(one.judged, one.values, calibrated=True)
        same_forecast(one, anew)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda states: states["members"].pop(), "longer"),
        (lambda states: states["members"][0].update(mean="1 2"), "numbers of its order"),
        (lambda states: states["members"][0].update(mean="1e3 0 0"), "misses the reference"),
        (lambda states: states["members"][0].update(covariance="nan 0 1 0 0 1"), "not finite"),
        (lambda states: states["members"][0].update(covariance="9 0 1 0 0 1"), "misses the reference"),
        (lambda states: states["members"][0].update(covariance=None), "could not convert"),
        (lambda states: states["members"][0].pop("mean"), "mean"),
        (lambda states: states.update(errors="5 " * 50), "misses the reference"),
        (lambda states: states.update(errors="1 " * 113), "too many"),
        (lambda states: states.update(errors="-1"), "below 0"),
        (lambda states: states.pop("errors"), "errors"),
    ],
)
def test_altered_states_are_refused(change: Callable[[Any], object], named: str) -> None:
    files = Forecaster(Fit((WALK, WEEK), "2013-08-20", True), series(), calibrated=True).to_files()
    document = json.loads(files[MODEL_FILE])
    change(document["states"])
    with pytest.raises(ValueError, match=named):
        rebuilt(document, files[SERIES_FILE])


def test_a_model_of_a_long_season_keeps_no_state() -> None:
    names = arima(series(), (0, 0, 0), (0, 0, 1, 50), "n").param_names
    member = Arima((0, 0, 0), (0, 0, 1, 50), "n", False, dict.fromkeys(names, 0.3))
    written = Forecaster(Fit((member,), "2013-08-20", True), series(), calibrated=True)
    files = written.to_files()
    assert json.loads(files[MODEL_FILE])["states"] is None
    same_forecast(Forecaster.from_files(files), written)


def test_judged_parameters_are_refused_like_served_ones() -> None:
    """They do not forecast, so that no reference shows what is wrong with them."""
    files = Forecaster(Fit((WALK,), "2013-08-20", True), series(), Fit((LEVEL,), "2013-09-08", True)).to_files()
    document = json.loads(files[MODEL_FILE])
    document["fits"]["judged"]["members"][0]["params"] = {"ma.L1x": -0.6, "sigma2": 2.0}
    with pytest.raises(ValueError, match="are not those of this order"):
        rebuilt(document, files[SERIES_FILE])


# Models that earlier versions wrote.

FORMAT_1 = {
    MODEL_FILE: """{"format": 1, "order": [0, 1, 1], "seasonal_order": [0, 1, 1, 4], "trend": null, "log": false,
"params": {"ma.L1": -0.4, "ma.S.L4": -0.5, "sigma2": 900000.0}, "estimated_through": "2013-08-01",
"converged": false, "horizon": 3, "levels": [80], "frequency": "MS",
"series_sha256": "3b18dbdf8058daade683ca366e306b867f8953403b825feb5dbb83b7e200fdcd",
"reference_forecast": {"date": ["2014-01-01", "2014-02-01", "2014-03-01"],
"mean": [50374.47149217933, 50569.428983327394, 50524.62773475283],
"lower_80": [49158.46762972123, 49151.367803246794, 48929.90982883089],
"upper_80": [51590.47535463743, 51987.490163407994, 52119.34564067477]},
"versions": {"python": "3.11.7", "numpy": "2.4.6", "pandas": "2.3.3", "scipy": "1.17.1", "statsmodels": "0.15.0"}}
""",
    SERIES_FILE: """date,value
2012-01-01,50000.0
2012-02-01,51141.0
2012-03-01,51509.0
2012-04-01,51041.0
2012-05-01,49243.0
2012-06-01,49341.0
2012-07-01,50321.0
2012-08-01,51557.0
2012-09-01,50989.0
2012-10-01,50712.0
2012-11-01,50056.0
2012-12-01,49900.0
2013-01-01,49463.0
2013-02-01,50720.0
2013-03-01,51591.0
2013-04-01,51550.0
2013-05-01,49712.0
2013-06-01,49339.0
2013-07-01,49849.0
2013-08-01,51050.0
2013-09-01,50913.0
2013-10-01,51137.0
2013-11-01,50591.0
2013-12-01,50054.0
""",
}
FORMAT_2 = {
    MODEL_FILE: """{"format": 2, "order": [1, 0, 1], "seasonal_order": [1, 0, 0, 3], "trend": null, "log": false,
"params": {"const": 50.1, "ar.L1": 0.5, "ma.L1": 0.25, "ar.S.L3": 0.3, "sigma2": 3.5},
"estimated_through": "2013-08-07", "converged": true, "horizon": 3, "levels": [80], "frequency": "D",
"series_sha256": "c6d3d3fb62d6edae881a78be2fdf3383b4247b630e1e1bbf4fc72a2f965524e7",
"reference_forecast": {"date": ["2013-08-12", "2013-08-13", "2013-08-14"],
"mean": [53.30385682060293, 51.76192841030147, 51.800964205150734],
"lower_80": [50.90629337972638, 48.76497410920654, 48.67205205548796],
"upper_80": [55.701420261479484, 54.7588827113964, 54.92987635481351]},
"versions": {"python": "3.11.7", "numpy": "2.4.6", "pandas": "2.3.3", "scipy": "1.17.1", "statsmodels": "0.15.0"}}
""",
    SERIES_FILE: """date,value
2013-07-31,48.7
2013-08-01,49.7
2013-08-02,53.3
2013-08-03,51.3
2013-08-04,46.7
2013-08-05,50.0
2013-08-06,48.8
2013-08-07,50.3
2013-08-08,46.8
2013-08-09,50.5
2013-08-10,50.5
2013-08-11,53.2
""",
}


@pytest.mark.parametrize("files", [FORMAT_1, FORMAT_2], ids=["format 1", "format 2"])
def test_a_model_of_an_earlier_version_forecasts_as_it_did(files: dict[str, str]) -> None:
    document = json.loads(files[MODEL_FILE])
    read = Forecaster.from_files(files)
    table = read.forecast()
    assert table["date"].tolist() == document["reference_forecast"]["date"]
    for column in ("mean", "lower_80", "upper_80"):
        np.testing.assert_allclose(table[column], document["reference_forecast"][column], rtol=1e-9)
    assert read.served is None
    assert read.fit.estimated_through == document["estimated_through"]
    assert read.fit.converged is document["converged"]
    assert read.fit.start_gap is None
    (member,) = read.fit.members
    assert list(member.params.items()) == list(document["params"].items())
    assert (member.order, member.seasonal_order) == (tuple(document["order"]), tuple(document["seasonal_order"]))
    assert (read.interpolated, read.horizon, read.levels) == ((), 3, (80,))


@pytest.mark.parametrize(("files", "number"), [(FORMAT_1, 1), (FORMAT_2, 3)], ids=["format 1", "format 2"])
def test_a_model_of_an_earlier_version_is_written_so_that_it_forecasts_as_it_did(
    files: dict[str, str], number: int
) -> None:
    read = Forecaster.from_files(files)
    written = read.to_files()
    assert json.loads(written[MODEL_FILE])["format"] == number
    assert written[SERIES_FILE] == files[SERIES_FILE]
    again = Forecaster.from_files(written)
    same_forecast(again, read)
    assert again.judged == read.judged
    assert again.in_data_unit is (number == 1)


def test_a_renewed_model_of_format_1_keeps_what_was_filled_in() -> None:
    old = Forecaster.from_files(FORMAT_1)
    values = pd.concat([old.values, pd.Series([50200.0, 50900.0], pd.date_range("2014-01-01", periods=2, freq="MS"))])
    renewed = old.with_data(values.asfreq("MS"), ("2014-01-01",))
    read = Forecaster.from_files(renewed.to_files())
    same_forecast(read, renewed)
    assert read.interpolated == renewed.interpolated


# Requests with observations.


def rows(*cells: tuple[Any, Any], **others: Any) -> pd.DataFrame:
    return pd.DataFrame({"date": [date for date, _ in cells], "value": [value for _, value in cells]} | others)


def extended(*values: float, model: Forecaster = SEASONAL) -> Forecaster:
    """The model with these values after its newest one."""
    index = pd.date_range(model.values.index[0], periods=len(model.values) + len(values), freq="D")
    return model.with_data(pd.Series([*model.values, *values], index))


NEW = [("2013-09-09", 100.5), ("2013-09-10", 99.0), ("2013-09-11", 101.25)]


@pytest.mark.parametrize(
    "table",
    [
        rows(*NEW),
        rows(*NEW[::-1]),
        rows(*((pd.Timestamp(date), value) for date, value in NEW)),
        rows(*((f"{date}T00:00:00", value) for date, value in NEW)),
        rows(*NEW).astype({"value": object}),
        rows(*zip(iso_dates(SEASONAL.values.index), SEASONAL.values.tolist(), strict=True), *NEW),
        rows(("2013-09-08", float(SEASONAL.values.iloc[-1]) * (1 + 1e-8)), *NEW),
    ],
    ids=[
        "rows",
        "reversed",
        "stamps",
        "midnights",
        "objects",
        "the whole history",
        "rounded overlap",
    ],
)
def test_a_forecast_starts_after_the_newest_row_sent(table: pd.DataFrame) -> None:
    found = SEASONAL.predict(table)
    pd.testing.assert_frame_equal(found, extended(100.5, 99.0, 101.25).forecast())
    assert found["date"].iloc[0] == "2013-09-12"
    pd.testing.assert_frame_equal(SEASONAL.predict(), SEASONAL.forecast())  # nothing is kept


def test_observations_go_with_horizon_and_levels() -> None:
    expected = extended(100.5, 99.0, 101.25).forecast(3, (50,))
    pd.testing.assert_frame_equal(SEASONAL.predict(rows(*NEW), {"horizon": 3, "levels": [50]}), expected)
    pd.testing.assert_frame_equal(SEASONAL.predict(rows(*NEW, horizon=3), {"levels": [50]}), expected)


@pytest.mark.parametrize("table", [rows(("2013-09-08", float(SEASONAL.values.iloc[-1]))), rows(*NEW).head(0)])
def test_rows_that_are_known_or_none_change_nothing(table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(SEASONAL.predict(table), SEASONAL.forecast())


@pytest.mark.parametrize("null", [None, math.nan, pd.NA, np.float64("nan")])
def test_a_null_and_a_date_left_out_are_missing(null: Any) -> None:
    expected = extended(100.5, math.nan, 101.25).forecast()
    sent = rows(NEW[0], ("2013-09-10", null), NEW[2])
    pd.testing.assert_frame_equal(SEASONAL.predict(sent), expected)
    pd.testing.assert_frame_equal(SEASONAL.predict(rows(NEW[0], NEW[2])), expected)
    pd.testing.assert_frame_equal(
        SEASONAL.predict(rows(("2013-09-09", null))), extended(math.nan).forecast()
    )  # one more step ahead


def test_the_served_parameters_answer_requests() -> None:
    both = Forecaster(Fit((WALK,), "2013-08-20", True), series(), Fit((LEVEL,), "2013-09-08", True))
    expected = extended(100.5, 99.0, 101.25, model=Forecaster(both.fit, series())).forecast()
    pd.testing.assert_frame_equal(both.predict(rows(*NEW)), expected)


def test_what_is_filled_in_or_missing_in_the_model_stays_so() -> None:
    model = Forecaster(SEASONAL.judged, holed(), interpolated=("2013-08-10",))
    expected = extended(100.5, model=model).forecast()
    pd.testing.assert_frame_equal(model.predict(rows(("2013-08-05", None), NEW[0])), expected)
    with pytest.raises(ValueError, match=r"row 1: date 2013-08-05 has the value 99\.0, and the model's data have nan"):
        model.predict(rows(("2013-08-05", 99.0)))


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (rows(NEW[0], ("2013-09-08", 100.0)), r"row 2: date 2013-09-08 has the value 100\.0, and .* renew the model"),
        (rows(("2013-09-08", None), NEW[0]), "row 1: date 2013-09-08 has the value nan"),
        (rows(NEW[0], NEW[1], NEW[0]), "row 3: date 2013-09-09 stands in row 1 already"),
        (rows(NEW[0], ("2013-09-10T12:00:00", 100.0)), "row 2: date 2013-09-10T12:00:00 is not of frequency D"),
        (rows(NEW[0], ("2013-07-30", 100.0)), "row 2: date 2013-07-30 lies before the model's data"),
        (rows(NEW[0], ("1700-01-01", 100.0)), "row 2: date 1700-01-01 lies before the model's data"),
        (rows(NEW[0], ("2213-01-01", 100.0)), "row 2: date 2213-01-01 lies more than 10000 steps after"),
        (rows(NEW[0], ("9999-12-31", 100.0)), "row 2: date '9999-12-31' is no ISO date"),
        (rows(NEW[0], ("0001-01-01", 100.0)), "row 2: date '0001-01-01' is no ISO date"),
        (rows(NEW[0], ("2013-09-10T00:00:00+00:00", 100.0)), "row 2: date .* without timezone"),
        (rows((pd.Timestamp("2013-09-09", tz="UTC"), 100.0)), "row 1: date .* without timezone"),
        (rows(NEW[0], ("yesterday", 100.0)), "row 2: date 'yesterday' is no ISO date"),
        (rows(NEW[0], ("", 100.0)), "row 2: date '' is no ISO date"),
        (rows(NEW[0], (None, 100.0)), "row 2: date None is no ISO date"),
        (rows((pd.NaT, 100.0)), "row 1: date NaT is no ISO date"),
        (rows((20130909, 100.0)), "row 1: date 20130909 is no ISO date"),
        (rows(NEW[0], ("2013-09-10", "99")), "row 2: value '99' is no number; null is for a missing one"),
        (rows(NEW[0], ("2013-09-10", "x" * 9999)), "row 2: value 'xxxx"),
        (rows(NEW[0], ("2013-09-10", True)), "row 2: value True is no number"),
        (rows(NEW[0], ("2013-09-10", [1.0])), r"row 2: value \[1\.0\] is no number"),
        (rows(NEW[0], ("2013-09-10", math.inf)), "row 2: value inf is not finite"),
        (rows(NEW[0], ("2013-09-10", -math.inf)), "row 2: value -inf is not finite"),
        (rows(*NEW).drop(columns="date"), "observations need both columns, date and value"),
        (rows(*NEW).drop(columns="value"), "observations need both columns, date and value"),
        (rows(*NEW, horizon=[3, 3, 4]), "column horizon holds 3 and 4: one request asks for one forecast"),
        (rows(*NEW, horizon=0), "horizon must be a whole number from 1 to 1000"),
        (rows(NEW[0], ("2013-09-10", 130.0), NEW[2]), "row 2: the value of 2013-09-10 lies .* nothing was forecast"),
    ],
)
def test_a_row_that_does_not_fit_is_named(table: pd.DataFrame, named: str) -> None:
    with pytest.raises(ValueError, match=named) as caught:
        SEASONAL.predict(table)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_a_date_off_a_weekly_grid_is_named() -> None:
    weekly = one((1, 0, 0), dict(LEVEL.params), series(40, "W-SAT"))
    found = weekly.predict(rows(("2014-05-10", 100.0), ("2014-05-17", 100.5)))
    assert found["date"].iloc[0] == "2014-05-24"
    with pytest.raises(ValueError, match="row 1: date 2014-05-09 is not of frequency W-SAT"):
        weekly.predict(rows(("2014-05-09", 100.0), ("2014-05-10", 100.0)))


def test_a_request_is_bounded() -> None:
    days = iso_dates(pd.date_range("2013-07-31", periods=MAX_OBSERVATIONS + 1, freq="D"))
    with pytest.raises(ValueError, match=r"10001 rows are more than the 10000 that one request may hold"):
        SEASONAL.predict(rows(*((day, 100.0) for day in days)))
    last = iso_dates(pd.date_range("2013-09-08", periods=MAX_OBSERVATIONS + 2, freq="D"))[-2:]
    assert len(one((1, 0, 0), dict(LEVEL.params), series()).predict(rows((last[0], 100.0)))) == 14
    with pytest.raises(ValueError, match=f"row 1: date {last[1]} lies more than 10000 steps after the model's data"):
        SEASONAL.predict(rows((last[1], 100.0)))


def test_a_value_without_logarithm_is_refused_by_a_model_of_logarithms() -> None:
    model = Forecaster(Fit((LOGS,), "2013-08-20", True), series())
    assert len(model.predict(rows(*NEW))) == 14
    with pytest.raises(ValueError, match=r"the value -1\.0 of 2013-09-10 has no logarithm"):
        model.predict(rows(NEW[0], ("2013-09-10", -1.0)))


cells = st.one_of(
    scalars,
    st.dates().map(str),
    st.datetimes().map(lambda stamp: stamp.isoformat()),
    st.sampled_from(["2013-09-09", "2013-09-10", "2013-09-08", "2262-04-11", "1677-09-21", 100.0, 99, 1e300, -1e300]),
)


@fixed
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=4))
def test_any_rows_are_forecast_from_or_refused_in_one_line(sent: list[tuple[Any, Any]]) -> None:
    table = pd.DataFrame(
        {
            name: pd.Series(column, dtype=object)
            for name, column in zip(("date", "value"), zip(*sent, strict=True), strict=True)
        }
    )
    message, found = "", None
    try:
        found = SEASONAL.predict(table)
    except ValueError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1
    assert found is None or len(found) == 14
    assert found is None or np.isfinite(found.drop(columns="date").to_numpy()).all()


def test_a_number_beyond_all_floats_is_named() -> None:
    sent = pd.DataFrame({"date": ["2013-09-09"], "value": pd.Series([10**400], dtype=object)})
    with pytest.raises(ValueError, match="row 1: value 1000"):
        SEASONAL.predict(sent)


# The alarm.

NOISE = one((0, 0, 0), {"const": 100.0, "sigma2": 1.0}, series(), horizon=14)


def alarmed(*values: float, model: Forecaster = NOISE) -> Any:
    return extended(*values, model=model).alarm(len(model.values))


def test_a_single_value_far_off_is_an_alarm() -> None:
    assert alarmed(100.4, 111.9, 99.0) is None
    for value in (113.0, 87.0):
        alarm = alarmed(100.4, value, 99.0)
        assert (alarm.rule, alarm.threshold, alarm.date) == ("single_error", 12.0, "2013-09-10")
        assert alarm.value == pytest.approx(13.0, abs=1e-6)
        assert str(alarm) == (
            "the value of 2013-09-10 lies 13.0 standard deviations or more from the one-step forecast; at most 12 is "
            "plausible"
        )
    assert alarmed(113.0, 130.0, 120.0).date == "2013-09-10"  # the worst


@pytest.mark.parametrize("missing", [1, 7, 30])
def test_missing_values_after_it_hide_no_alarm(missing: int) -> None:
    dates = iso_dates(pd.date_range(SEASONAL.values.index[-1], periods=missing + 2)[1:])
    with pytest.raises(ValueError, match=r"row 1: the value of 2013-09-09 lies .* standard deviations"):
        SEASONAL.predict(rows((dates[0], 1e5), *((date, None) for date in dates[1:])))
    before, after = SEASONAL.standardised_errors(), SEASONAL.extended(pd.Series(np.nan, pd.DatetimeIndex(dates)))
    assert np.isfinite(before[5:]).all()
    np.testing.assert_allclose(after.standardised_errors()[: len(before)], before, rtol=1e-9)


def test_a_date_next_to_the_end_of_time_is_named_by_its_row() -> None:
    model = one((1, 0, 0), {"const": 100.0, "ar.L1": 0.5, "sigma2": 1.0}, series(frequency="W-SUN"))
    with pytest.raises(ValueError, match="row 1: date 2262-04-11 lies more than 10000 steps after"):
        model.predict(rows(("2262-04-11", 100.0)))


def test_half_of_the_newest_values_far_off_are_an_alarm() -> None:
    shifted = [105 + 0.1 * day for day in range(14)]
    alarm = alarmed(*shifted)
    assert (alarm.rule, alarm.threshold, alarm.date) == ("median_error", 4.0, "2013-09-22")
    assert alarm.value == pytest.approx(np.median(shifted) - 100)
    assert "half of the newest values, to 2013-09-22, lie 5.6 standard deviations" in str(alarm)
    assert alarmed(*shifted[:8]).rule == "median_error"
    assert alarmed(*shifted[:5]) is None
    assert alarmed(*(103 + 0.1 * day for day in range(9))) is None


def test_values_that_stand_still_are_an_alarm() -> None:
    assert alarmed(*[100.3] * 4) is None
    alarm = alarmed(*[100.3] * 5)
    assert (alarm.rule, alarm.value, alarm.threshold, alarm.date) == ("constant_run", 5.0, 4.0, "2013-09-13")
    assert str(alarm) == "the last 5 values, to 2013-09-13, are all the same; at most 4 in a row are plausible"
    assert alarmed(*[100.3] * 5, 100.2) is None  # it is over
    missing = alarmed(*[100.3] * 3, math.nan, *[100.3] * 2)
    assert (missing.value, missing.date) == (5.0, "2013-09-14")
    last = float(NOISE.values.iloc[-1])
    assert alarmed(*[last] * 4).value == 5.0  # it began before the newest rows


def test_a_zero_where_there_was_none_is_an_alarm_unless_it_was_to_be_expected() -> None:
    low = one((0, 0, 0), {"const": 5.0, "sigma2": 1.0}, series() - 95.0)
    alarm = alarmed(4.4, 0.0, 0.0, model=low)
    assert (alarm.rule, alarm.threshold, alarm.date) == ("first_zero", 4.0, "2013-09-10")
    assert alarm.value == pytest.approx(5.0, abs=1e-6)
    assert str(alarm) == (
        "the value of 2013-09-10 is 0, which none was before, and lies 5.0 standard deviations or more from the "
        "one-step forecast; at most 4 is plausible"
    )
    assert alarmed(4.4, 0.1, model=low) is None
    history = low.values.copy()
    history.iloc[12] = 0.0
    assert alarmed(4.4, 0.0, model=low.with_data(history)) is None
    near = one((0, 0, 0), {"const": 3.0, "sigma2": 1.0}, series() - 97.0)
    assert alarmed(2.4, 0.0, model=near) is None


def test_a_run_at_most_twice_as_long_as_one_before_is_none() -> None:
    history = NOISE.values.copy()
    history.iloc[3:9] = 100.7
    used_to = NOISE.with_data(history)
    assert alarmed(*[100.3] * 12, model=used_to) is None
    assert alarmed(*[100.3] * 13, model=used_to).threshold == 12.0


def test_a_run_that_was_accepted_is_one_before() -> None:
    values = NOISE.values.copy()
    values.iloc[-10:] = 100.3
    accepted = NOISE.with_data(values)
    assert alarmed(*[100.3] * 10, model=accepted) is None
    assert alarmed(*[100.3] * 11, model=accepted).threshold == 20.0
    values.iloc[-10:-4] = NOISE.values.iloc[-10:-4]  # four were renewed day by day, which nobody has looked at
    assert alarmed(100.3, model=NOISE.with_data(values)).threshold == 4.0


def test_zeros_are_suspected_sooner() -> None:
    around_zero = one((0, 0, 0), {"const": 0.5, "sigma2": 1.0}, series() - 99.5)
    assert alarmed(*[0.0] * 3, model=around_zero) is None
    alarm = alarmed(*[0.0] * 4, model=around_zero)
    assert (alarm.rule, alarm.value, alarm.threshold) == ("constant_run", 4.0, 3.0)
    history = around_zero.values.copy()
    history.iloc[3:9] = 0.3
    assert alarmed(*[0.0] * 4, model=around_zero.with_data(history)) is not None  # a run of another value
    history.iloc[12:15] = 0.0
    closed_on_holidays = around_zero.with_data(history)
    assert alarmed(*[0.0] * 6, model=closed_on_holidays) is None
    assert alarmed(*[0.0] * 7, model=closed_on_holidays).threshold == 6.0


def test_old_rows_and_rows_without_a_value_give_no_alarm() -> None:
    values = NOISE.values.copy()
    values.iloc[20:] = 150.0
    strange = NOISE.with_data(values)
    assert strange.alarm(len(values)) is None
    assert strange.alarm(0) is not None
    assert extended(math.nan, math.nan, model=strange).alarm(len(values)) is None
    filled = extended(150.0, 150.0)
    filled = NOISE.with_data(filled.values, ("2013-09-09", "2013-09-10"))
    assert filled.alarm(len(values)) is None


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("newer", [1, 14, 40])
def test_clean_rows_give_no_alarm(seed: int, newer: int) -> None:
    random = np.random.default_rng(seed)
    assert alarmed(*(100 + random.normal(size=newer))) is None
    heavy = 100 + 0.7 * random.standard_t(4, size=newer)
    assert alarmed(*np.clip(heavy, 90, 110)) is None


def test_the_alarm_of_several_members_is_of_their_mean() -> None:
    low, high = (one((0, 0, 0), {"const": const, "sigma2": 1.0}, series()).judged.members[0] for const in (94.0, 106.0))
    both = Forecaster(Fit((low, high), "2013-08-20", True), series())
    np.testing.assert_allclose(both.standardised_errors(), series() - 100, rtol=1e-9)
    assert alarmed(111.0, model=both) is None
    assert alarmed(113.0, model=both).rule == "single_error"
