from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from examples import examples
from forecastops.adapters.alerts.config import AlertsConfig
from forecastops.adapters.endpoint.config import DeploymentConfig
from forecastops.adapters.mlflow_store.config import RegistryConfig, TrackingConfig
from forecastops.config import Config
from forecastops.config_file import load_config
from forecastops.core.errors import ConfigError, DataError
from forecastops.core.signing_config import SigningConfig
from forecastops.data.config import DataConfig
from forecastops.forecasting.config import Evaluation, EvaluationConfig, ModelConfig, ModelSpec, Orders
from forecastops.gate.policy import GatePolicy
from forecastops.monitoring.config import MonitorConfig
from forecastops.panel.config import PanelConfig
from repository import ROOT

fixed = examples(150)

CONFIGS = ROOT / "configs"
RECORDS: list[type[BaseModel]] = [
    *(Config, DataConfig, ModelConfig, EvaluationConfig, GatePolicy, TrackingConfig, RegistryConfig, DeploymentConfig),
    *(SigningConfig, MonitorConfig, AlertsConfig, PanelConfig),
]


def loaded(tmp_path: Path, text: str | bytes, *overrides: str) -> Config:
    path = tmp_path / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(path, overrides)


def refusal(tmp_path: Path, text: str | bytes, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, *overrides)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith((f"configuration {tmp_path / 'config.yaml'}: ", "option --set "))
    return message


def override_refusal(*overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(None, overrides)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "{}", "model: {}"])
def test_a_file_that_sets_nothing_gives_the_defaults(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text) == Config() == load_config(None)


def test_a_file_and_overrides_are_laid_over_the_defaults(tmp_path: Path) -> None:
    text = "evaluation:\n  horizon: 7\nmodel:\n  order: [0, 1, 1]\n  seasonal_order: [0, 1, 1, 7]\n"
    config = loaded(tmp_path, text, "evaluation.horizon=8", "gate.alpha=null", "deployment.settings.port=5001")
    assert config == Config(
        evaluation=EvaluationConfig(horizon=8),
        model=ModelConfig(order=(0, 1, 1), seasonal_order=(0, 1, 1, 7)),
        gate=GatePolicy(alpha=None),
        deployment=DeploymentConfig(settings={"port": 5001}),
    )


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ("evaluation.horizon=7", EvaluationConfig(horizon=7)),
        (" evaluation.horizon = 7 ", EvaluationConfig(horizon=7)),
        ("evaluation.levels=[50]", EvaluationConfig(levels=(50,))),
        ("evaluation={horizon: 7, window: 28}", EvaluationConfig(horizon=7, window=28)),
        ("evaluation={}", EvaluationConfig()),
    ],
)
def test_override_forms(override: str, found: EvaluationConfig) -> None:
    assert load_config(None, [override]).evaluation == found


def test_of_two_overrides_of_one_key_the_last_holds() -> None:
    assert load_config(None, ["evaluation.horizon=7", "evaluation.horizon=9"]).evaluation.horizon == 9
    assert load_config(None, ["evaluation.horizon=7", "evaluation={window: 30}"]).evaluation.horizon is None


def test_a_key_is_taken_by_its_former_name_but_not_by_both(tmp_path: Path) -> None:
    path = tmp_path / "forecastops.yaml"
    path.write_text("gate: {incumbent: hold}")
    assert load_config(path).gate.legacy_champion == "hold"
    assert load_config(None, ["gate.incumbent=hold"]) == load_config(None, ["gate.legacy_champion=hold"])
    assert "incumbent" not in json.dumps(Config.model_json_schema())
    with pytest.raises(ConfigError, match=r"gate\.incumbent"):
        load_config(path, ["gate.legacy_champion=seasonal_naive"])


def test_a_value_may_hold_an_equals_sign() -> None:
    uri = "sqlite:///a.db?mode=ro"
    assert load_config(None, [f"tracking.tracking_uri={uri}"]).tracking.tracking_uri == uri


def test_text_that_looks_like_a_number_stays_text_where_it_is_quoted() -> None:
    assert load_config(None, ["data.value_column='2013'"]).data.value_column == "2013"
    assert "evaluation.horizon = " in override_refusal("evaluation.horizon='7'")


@pytest.mark.parametrize(
    "text", ["#Passengers", "pizza: (US)", "2023", "No", "", "null", "2013-07-31", "[a", "1e5", "a=b", "~"]
)
def test_a_text_field_takes_text(tmp_path: Path, text: str) -> None:
    assert load_config(None, [f"data.value_column={text}"]).data.value_column == text
    assert load_config(None, [f"data.where.Store={text}"]).data.where == {"Store": text}
    if text != "[a":  # a bracket opens a list
        assert load_config(None, [f"data.na_values={text}"]).data.na_values == ((text,) if text else ())


@pytest.mark.parametrize("text", ["2023", "No", "2013-07-31", "1e5", "off", "0x10", "1_000"])
def test_a_text_field_takes_text_in_a_file_too(tmp_path: Path, text: str) -> None:
    config = loaded(tmp_path, f"data:\n  value_column: {text}\n  na_values: [{text}, -]\n  where: {{{text}: {text}}}\n")
    assert config.data.value_column == text
    assert config.data.na_values == (text, "-")
    assert config.data.where == {text: text}


def test_what_may_be_absent_is_absent_where_it_is_null() -> None:
    for text in ("null", "~", ""):
        assert load_config(None, ["data.frequency=D", f"data.frequency={text}"]).data.frequency is None
    assert load_config(None, ["data.thousands= "]).data.thousands == " "
    assert load_config(None, ["data.thousands=' '"]).data.thousands == " "
    assert load_config(None, ["data.thousands='"]).data.thousands == "'"
    assert load_config(None, [r"data.separator=\t"]).data.separator == "\t"
    assert load_config(None, ["data.skip_rows=2"]).data.skip_rows == 2
    assert load_config(None, ["data.skip_rows=[2, 3]"]).data.skip_rows == (2, 3)
    assert load_config(None, ["data.units={K: 1000, $: 1}"]).data.units == {"K": 1000.0, "$": 1.0}


@pytest.mark.parametrize(
    ("override", "near"),
    [
        ("data.vlaue_column=x", "data.value_column"),
        ("gate.alhpa=0.1", "gate.alpha"),
        ("evaluation.horizont=7", "evaluation.horizon"),
        ("horizon=7", "evaluation.horizon"),
        ("data.seperator=;", "data.separator"),
    ],
)
def test_an_unknown_key_suggests_the_nearest(override: str, near: str) -> None:
    assert f"is '{near}' meant?" in override_refusal(override)


@pytest.mark.parametrize("override", ["", "=", "=7", "horizon", ".=7", "evaluation..horizon=7", ".horizon=7"])
def test_an_override_of_another_form_is_refused(override: str) -> None:
    assert f"option --set {override!r}: is not of the form key=value" in override_refusal(override)


def test_an_override_below_a_value_is_refused(tmp_path: Path) -> None:
    text = "evaluation:\n  horizon: 7\n"
    assert "'horizon' is a value, not a section" in refusal(tmp_path, text, "evaluation.horizon.steps=7")
    assert "'evaluation' is a value, not a section" in override_refusal("evaluation=5", "evaluation.horizon=7")
    assert "model.order = " in override_refusal("model.order.p=2")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("- model\n", "is a list, not a mapping"),
        ("just words", "is a str, not a mapping"),
        ("5", "is a int, not a mapping"),
        ("2013-07-31", "is a date, not a mapping"),
        ("modle: {}", "unknown key 'modle'"),
        ("evaluation: {horizont: 7}", "unknown key 'evaluation.horizont'"),
        ("a: 1\nb: 2", "unknown key 'a' (and 1 more)"),
        ("1: 2", "unknown key '1'"),
        ("evaluation:\n", "evaluation = null"),
        ("evaluation: 7", "evaluation = 7"),
        ("evaluation: {horizon: '7'}", 'evaluation.horizon = "7"'),
        ("evaluation: {horizon: 7.0}", "evaluation.horizon = 7.0"),
        ("evaluation: {horizon: true}", "evaluation.horizon = true"),
        ("evaluation: {horizon: 0}", "evaluation.horizon = 0"),
        ("evaluation: {horizon: 60, window: 56}", "window 56 is shorter than horizon 60"),
        ("evaluation: {horizon: 30, window: 56}", "window 56 has 27 origins, too few for the gate's test"),
        ("evaluation: {window: 1}", "evaluation.window = 1"),
        ("data: {max_missing_share: 1}", "data.max_missing_share = 1"),
        ("data: {max_missing_share: -0.1}", "data.max_missing_share = -0.1"),
        ("model: {selection: combination, order: [1, 0, 1]}", "order is given, but selection is 'combination'"),
        ("model: {selection: combination, trend: c}", "trend is given, but selection is 'combination'"),
        ("model: {members: [{order: [1, 0, 1]}], order: [1, 0, 1]}", "members are given, but selection is 'fixed'"),
        ("model: {members: []}", "model.members = []"),
        ("model: {members: [{seasonal_order: [0, 1, 1, 7]}]}", "model.members.0.order"),
        ("model: {members: [{order: [1, 0, 1], log: true}]}", "unknown key 'model.members.0.log'"),
        ("model: {selection: candidates, members: [{order: [1, 0, 1]}]}", "members are given, but selection is 'cand"),
        ("gate: {same_spec_improvement: 1}", "gate.same_spec_improvement = 1"),
        ("gate: {max_bias_growth: 0.9}", "gate.max_bias_growth = 0.9"),
        ("gate: {max_start_gap: 0}", "gate.max_start_gap = 0"),
        ("gate: {revision_tolerance: -1}", "gate.revision_tolerance = -1"),
        ("deployment: {on_hold: retrain}", 'deployment.on_hold = "retrain"'),
        ("evaluation: {levels: [80, 80]}", "name a level twice"),
        ("evaluation: {levels: [80, 100]}", "evaluation.levels.1 = 100"),
        ("evaluation: {levels: []}", "evaluation.levels = []"),
        ("model: {order: [2, 0]}", "model.order.2"),
        ("model: {order: '2,0,2'}", 'model.order = "2,0,2"'),
        ("model: {order: [2, 0, -2]}", "model.order.2 = -2"),
        ("model: {order: [2, 0, 1001]}", "model.order.2 = 1001"),
        ("model: {seasonal_order: [1, 0, 0, 0]}", "needs a season s of at least 2"),
        ("model: {seasonal_order: [0, 0, 0, 1]}", "is no season"),
        ("model: {trend: ctt}", 'model.trend = "ctt"'),
        ("model: {log: yes please}", 'model.log = "yes please"'),
        ("gate: {alpha: .nan}", "gate.alpha"),
        ("gate: {alpha: .inf}", "gate.alpha"),
        ("gate: {alpha: 0}", "gate.alpha = 0"),
        ("gate: {min_improvement: 1}", "gate.min_improvement = 1"),
        ("registry: {alias: latest}", "reserves the alias 'latest'"),
        ("registry: {alias: v3}", "reserves the alias 'v3'"),
        ("registry: {model_name: a/b}", 'registry.model_name = "a/b"'),
        ("data: {gaps: nothing}", 'data.gaps = "nothing"'),
        ("evaluation: {horizon: 2013-07-31}", "no plain number, text or list"),
        ("data: {date_column: }", "data.date_column = null"),
        ("data: {thousands: ',', decimal: ','}", "are both ','"),
        ("data: {encoding: klingon}", "no encoding is called 'klingon'"),
        ("data: {timezone: Mars/Olympus}", "no time zone is called 'Mars/Olympus'"),
        ("data: {until: yesterday}", "data.until"),
        ("data: {weekmask: Mon-Sun}", "names all seven days"),
        ("data: {weekmask: Monsun-x}", "names no weekdays"),
        ("data: {weekmask: Mon-Sat, frequency: h}", "goes with days"),
        ("data: {skip_rows: -1}", "data.skip_rows"),
        ("data: {separator: ab}", 'data.separator = "ab"'),
        ("data: {thousands: '5'}", "marks no groups"),
        ("deployment: {settings: {port: [1]}}", "deployment.settings.port"),
        ("deployment: {timeout_seconds: 0}", "deployment.timeout_seconds = 0"),
        ("evaluation:\n  horizon: 7\n  horizon: 8\n", "key 'horizon' stands twice"),
        ("model: {order: [0, 1, 1]}\nmodel: {}\n", "key 'model' stands twice"),
        ("model: &m {order: *m}", "without nested aliases"),
        ("model: *m", "is not plain YAML"),
        ("? [1, 2]\n: 3", "is not plain YAML"),
        ("a: b: c", "is not plain YAML"),
        ("model: [\n", "is not plain YAML"),
        ("--- {}\n--- {}\n", "is not plain YAML"),
        ("\t- x", "is not plain YAML"),
        ("[" * 5000, "is not plain YAML"),
        ("model: {max_iterations: " + "9" * 5000 + "}", "is not plain YAML"),
        (b"\xff\xfe\x00", "it is not UTF-8 text"),
        ("model: !!set {a}", "no plain number, text or list"),
        ("model: !!binary aGk=", "no plain number, text or list"),
        ("data: {value_column: " + "x" * 500 + ", max_gap: 0}", "data.max_gap = 0"),
        ("model: {trend: " + "x" * 500 + "}", "..."),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_key_and_value(tmp_path: Path, text: str | bytes, named: str) -> None:
    assert named in refusal(tmp_path, text)


@pytest.mark.parametrize(
    "payload",
    [
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{}']]",
        "!!python/object/new:os.system ['touch {}']",
        "!!python/name:os.system",
        "!!python/module:os",
        "!!python/tuple [1, 2]",
    ],
)
@pytest.mark.parametrize("place", ["file", "override"])
def test_a_tag_that_would_run_code_is_refused_and_not_run(tmp_path: Path, payload: str, place: str) -> None:
    trace = tmp_path / "trace"
    tagged = payload.replace("{}", str(trace))
    message = refusal(tmp_path, f"model: {tagged}\n") if place == "file" else override_refusal(f"model={tagged}")
    assert "not plain YAML" in message
    assert not trace.exists()


@pytest.mark.parametrize("value", ["!!bool x", "!!int ''", "!!float ''", "!!timestamp x"])
def test_a_standard_tag_on_a_value_of_another_kind_is_refused(tmp_path: Path, value: str) -> None:
    assert "not plain YAML" in refusal(tmp_path, f"model: {value}\n")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(ConfigError, match=rf"configuration {re.escape(str(path))}: cannot be read: \w+"):
            load_config(path)


leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates())
sections = st.sampled_from([*Config.model_fields, "other", ""])
keys = st.one_of(
    st.sampled_from([name for record in RECORDS for name in record.model_fields]), st.text(max_size=4), st.integers()
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


@fixed
@given(st.dictionaries(sections, values, max_size=3))
def test_any_yaml_is_a_configuration_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, tree: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    require_loads_or_one_line(path)


@fixed
@given(st.text(max_size=40), st.text(max_size=20))
def test_any_text_is_a_configuration_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, text: str, override: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "text.yaml"
    path.write_text(text, encoding="utf-8")
    require_loads_or_one_line(path)
    require_loads_or_one_line(None, override)
    require_loads_or_one_line(None, f"model.trend={override}")


def require_loads_or_one_line(path: Path | None, *overrides: str) -> None:
    message = ""
    try:
        load_config(path, overrides)
    except ConfigError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1


# The records and their schema.


def described(schema: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    for record, definition in ({"Config": schema} | schema["$defs"]).items():
        for name, field in definition["properties"].items():
            # Pydantic leaves a field's description out where it is word for word its record's.
            target = schema["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
            yield f"{record}.{name}", bool(field.get("description") or target.get("description"))


def test_every_field_of_every_record_is_described() -> None:
    found = dict(described(Config.model_json_schema()))
    assert [name for name, is_described in found.items() if not is_described] == []
    records: list[type[BaseModel]] = [
        *RECORDS,
        Orders,
    ]  # a candidate's orders have no default, unlike every other record
    assert {name.split(".")[0] for name in found} == {record.__name__ for record in records}
    assert set(found) == {f"{record.__name__}.{name}" for record in records for name in record.model_fields}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_records_are_frozen_and_refuse_unknown_keys(record: type[BaseModel]) -> None:
    made = record()
    name = next(iter(record.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(made, name, getattr(made, name))
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        record(unknown=1)
    assert record.model_config["strict"]
    assert record.__doc__


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_configuration_that_is_shipped_loads(path: Path) -> None:
    assert isinstance(load_config(path), Config)


def test_the_shipped_defaults_are_the_defaults() -> None:
    assert load_config(CONFIGS / "default.yaml") == Config()


def test_the_resolved_configuration_loads_again(tmp_path: Path) -> None:
    config = load_config(CONFIGS / "co2.yaml", ["gate.alpha=null", "deployment.settings.port=5001"])
    shown = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
    assert loaded(tmp_path, shown) == config


def test_a_deployment_is_named_as_its_model_unless_it_has_a_name() -> None:
    assert Config().deployment_name == "transactions-forecast"
    assert load_config(None, ["deployment.name=other"]).deployment_name == "other"


KINDS: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: len(value) <= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
    "pattern": lambda value, pattern: bool(re.search(pattern, value)),
    "enum": lambda value, known: value in known,
    "const": lambda value, known: value == known,
}
NOT_RULES = {"title", "description", "default", "$defs", "type", "$ref", "anyOf", "properties", "items", "prefixItems"}
NOT_RULES |= {"additionalProperties"}


def fits(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Whether ``value`` meets a JSON schema of the keywords that this configuration's uses."""
    assert schema.keys() <= NOT_RULES | BOUNDS.keys()
    if "$ref" in schema:
        return fits(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema:
        return any(fits(value, choice, root) for choice in schema["anyOf"])
    if "type" in schema and not isinstance(value, KINDS[schema["type"]]):
        return False
    if isinstance(value, bool) and schema.get("type") in {"integer", "number"}:
        return False
    if not all(rule(value, schema[name]) for name, rule in BOUNDS.items() if name in schema):
        return False
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        unknown = [entry for name, entry in value.items() if name not in known]
        if unknown and not (others is True or (others and all(fits(entry, others, root) for entry in unknown))):
            return False
        return all(fits(value[name], entry, root) for name, entry in known.items() if name in value)
    if isinstance(value, list):
        entries = schema.get("prefixItems") or [schema.get("items", {})] * len(value)
        return all(fits(*pair, root) for pair in zip(value, entries, strict=True))
    return True


def test_the_schema_validates_the_resolved_configuration() -> None:
    schema = json.loads(json.dumps(Config.model_json_schema()))
    for config in (Config(), load_config(CONFIGS / "co2.yaml", ["deployment.settings.port=5001", "model.trend=n"])):
        assert fits(config.model_dump(mode="json"), schema, schema)


@pytest.mark.parametrize(
    "tree",
    [
        {"modle": {}},
        {"evaluation": {"horizon": 0}},
        {"evaluation": {"horizon": "7"}},
        {"evaluation": {"horizon": True}},
        {"evaluation": {"levels": [100]}},
        {"evaluation": {"levels": []}},
        {"model": {"order": [1, 2]}},
        {"model": {"trend": "ctt"}},
        {"gate": {"alpha": 1}},
        {"registry": {"model_name": "a/b"}},
        {"deployment": {"settings": {"port": [1]}}},
    ],
)
def test_the_schema_refuses_what_the_records_refuse(tree: dict[str, Any]) -> None:
    schema = json.loads(json.dumps(Config.model_json_schema()))
    assert not fits(tree, schema, schema)
    with pytest.raises(ValidationError):
        Config.model_validate_json(json.dumps(tree))


# What is estimated.


def test_without_any_order_the_default_is_a_combination() -> None:
    for config in (Config(), load_config(None, ["model.log=true", "model.max_iterations=50"])):
        assert config.model.selection == "combination"
        assert config.model.members is None
    assert Config().model.spec == ModelSpec()
    assert Config().model.log is None


@pytest.mark.parametrize(
    "setting",
    ["model.order=[0, 1, 1]", "model.seasonal_order=[0, 1, 1, 7]", "model.trend=c", "model={order: [0, 1, 1]}"],
)
def test_an_order_alone_means_that_one_model(setting: str, tmp_path: Path) -> None:
    config = load_config(None, [setting])
    assert config.model.selection == "fixed"
    shown = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
    assert loaded(tmp_path, shown) == config


def test_an_order_with_another_selection_is_kept() -> None:
    for selection in ("fixed", "candidates", "auto"):
        found = load_config(None, ["model.order=[0, 1, 1]", f"model.selection={selection}"]).model
        assert (found.selection, found.spec.order) == (selection, (0, 1, 1))
    assert load_config(None, ["model.selection=fixed"]).model.spec.order == (2, 0, 2)
    null = load_config(None, ["model.order=null", "model.trend=null"]).model
    assert null.selection == "combination"


def test_members_are_configured_with_the_default_selection() -> None:
    found = load_config(None, ["model.members=[{order: [0, 1, 1]}, {order: [1, 0, 1], trend: n}]"]).model
    assert found.selection == "combination"
    assert found.members == (Orders(order=(0, 1, 1)), Orders(order=(1, 0, 1), trend="n"))


# What is evaluated.


@pytest.mark.parametrize(
    ("frequency", "horizon", "window", "season"),
    [
        ("D", 14, 56, 7),
        ("B", 10, 40, 5),
        ("W-SAT", 8, 52, 52),
        ("MS", 6, 24, 12),
        ("BME", 6, 24, 12),
        ("QE-DEC", 4, 12, 4),
        ("YS-JAN", 2, 8, 1),
        ("h", 24, 168, 24),
        ("15min", 24, 168, 96),
    ],
)
def test_horizon_and_window_are_by_frequency(frequency: str, horizon: int, window: int, season: int) -> None:
    assert Config().evaluation_of(frequency) == Evaluation(horizon=horizon, window=window, season_length=season)
    assert EvaluationConfig().resolved(frequency) == Config().evaluation_of(frequency)


def test_a_frequency_without_usual_ones_is_evaluated_like_days() -> None:
    found = EvaluationConfig(season_length=5).resolved("10D")
    assert (found.horizon, found.window, found.season_length) == (14, 56, 5)
    with pytest.raises(DataError, match=r"set evaluation\.season_length"):
        EvaluationConfig().resolved("10D")


def test_what_is_configured_stands_whatever_the_frequency() -> None:
    config = load_config(None, ["evaluation={horizon: 7, window: 30, season_length: 14, levels: [50]}"])
    assert config.evaluation_of("MS") == Evaluation(horizon=7, window=30, season_length=14, levels=(50,))
    assert load_config(None, ["evaluation.horizon=7"]).evaluation_of("D").window == 56
    assert load_config(None, ["evaluation.window=30"]).evaluation_of("D").horizon == 14


@pytest.mark.parametrize(
    ("settings", "frequency", "named"),
    [
        (["evaluation.horizon=60"], "D", "window 56 is shorter than horizon 60"),
        (["evaluation.horizon=30"], "D", "window 56 has 27 origins, too few for the gate's test of 30-step forecasts"),
        (["evaluation.window=20"], "D", "window 20 has 7 origins"),
        (["evaluation.window=10"], "D", "window 10 is shorter than horizon 14"),
        (["evaluation.horizon=14"], "MS", "window 24 has 11 origins"),
    ],
)
def test_what_does_not_go_with_the_frequency_is_refused(settings: list[str], frequency: str, named: str) -> None:
    config = load_config(None, settings)  # the frequency is not known yet
    with pytest.raises(ConfigError) as caught:
        config.evaluation_of(frequency)
    message = str(caught.value)
    assert named in message
    assert frequency in message
    assert "set both evaluation.horizon and evaluation.window" in message
    assert len(message.splitlines()) == 1


def test_a_short_window_is_allowed_where_the_test_is_off() -> None:
    config = load_config(None, ["evaluation.horizon=30", "gate.alpha=null"])
    assert config.evaluation_of("D").window == 56
    assert (
        load_config(None, ["evaluation={horizon: 30, window: 31}", "gate.alpha=null"]).evaluation_of("D").window == 31
    )


def test_the_defaults_of_what_is_new() -> None:
    config = Config()
    assert (config.data.gaps, config.data.max_missing_share) == ("missing", 0.2)
    gate = config.gate
    assert (gate.min_improvement, gate.same_spec_improvement, gate.alpha) == (0.01, 0.001, 0.40)
    assert (gate.revision_tolerance, gate.plausible_data, gate.max_start_gap, gate.max_bias_growth) == (
        0.5,
        True,
        None,
        1.25,
    )
    assert (config.deployment.on_hold, config.registry.keep_renewals) == ("refit", 30)
