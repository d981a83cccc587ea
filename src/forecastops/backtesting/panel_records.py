"""What is known of one series between two retrainings of its panel, as plain values that any engine can carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from forecastops.backtesting.life import Judged, Look, Production
from forecastops.backtesting.version import State, Version

__all__ = ["Part", "PolicyLife", "SeriesLife"]


@dataclass(frozen=True)
class Part:
    """The forecasts between two retrainings: sum of squared errors, how many values, how many within each level."""

    squares: float = 0.0
    targets: float = 0.0
    inside: tuple[float, ...] = ()


@dataclass(frozen=True)
class PolicyLife:
    """One series under one policy.

    Attributes:
        now: what serves.
        judged: about the next retraining, whose outcome the panel has to decide; None where nothing was.
        parts: of what was forecast, by retraining, the one in which the series begins left out.
        promoted_at: retrainings whose challenger came in.
        needless: those after which the champion before would have been no worse.
    """

    now: Production
    judged: Judged | None = None
    parts: tuple[tuple[int, Part], ...] = ()
    promoted_at: tuple[int, ...] = ()
    needless: int = 0

    def with_part(self, number: int, part: Part) -> PolicyLife:
        """Return it with what was forecast after a retraining."""
        return replace(self, parts=(*self.parts, (number, part)))


@dataclass(frozen=True)
class SeriesLife:
    """One series of a panel.

    Attributes:
        entered: the retraining from which on it has a model; None where it has not begun.
        default: why its first model is the seasonal naive; empty where it is not.
        policies: by rule.
        naive: the seasonal naive's parts, as those of ``PolicyLife``.
    """

    entered: int | None = None
    default: str = ""
    policies: Mapping[str, PolicyLife] = field(default_factory=dict)
    naive: tuple[tuple[int, Part], ...] = ()

    def document(self) -> dict[str, Any]:
        """Return plain values from which ``of`` makes it again; each model's text stands in them once."""
        texts: dict[str, int] = {}
        policies = {rule: _policy_document(life, texts) for rule, life in self.policies.items()}
        return {
            "entered": self.entered,
            "default": self.default,
            "policies": policies,
            "naive": _parts_document(self.naive),
            "versions": list(texts),
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> SeriesLife:
        """Return the record of a document."""
        versions = [Version(text) for text in document["versions"]]
        policies = {rule: _policy(one, versions) for rule, one in document["policies"].items()}
        return cls(document["entered"], document["default"], policies, _parts(document["naive"]))


def _policy_document(life: PolicyLife, texts: dict[str, int]) -> dict[str, Any]:
    now = life.now
    of_now = {name: getattr(now, name) for name in ("refused_on", "revised", "alarms", "changes")}
    of_now |= {"version": texts.setdefault(now.version.text, len(texts)), "state": asdict(now.state)}
    return {
        "now": of_now,
        "judged": None if life.judged is None else _judged_document(life.judged, texts),
        "parts": _parts_document(life.parts),
        "promoted_at": list(life.promoted_at),
        "needless": life.needless,
    }


def _policy(document: Mapping[str, Any], versions: list[Version]) -> PolicyLife:
    given = dict(document["now"])
    given |= {"version": versions[given["version"]], "state": State(**given["state"])}
    now = Production(**given | {"alarms": tuple(given["alarms"])})
    judged = None if document["judged"] is None else _judged(document["judged"], versions)
    return PolicyLife(now, judged, _parts(document["parts"]), tuple(document["promoted_at"]), document["needless"])


def _judged_document(judged: Judged, texts: dict[str, int]) -> dict[str, Any]:
    challenger = judged.challenger
    return {
        "look": asdict(judged.look),
        "challenger": None if challenger is None else texts.setdefault(challenger.text, len(texts)),
        "refused_data": sorted(judged.refused_data),
    }


def _judged(document: Mapping[str, Any], versions: list[Version]) -> Judged:
    look = Look(**document["look"] | {"because": tuple(document["look"]["because"])})
    challenger = document["challenger"]
    return Judged(look, None if challenger is None else versions[challenger], frozenset(document["refused_data"]))


def _parts_document(parts: tuple[tuple[int, Part], ...]) -> list[list[Any]]:
    return [[number, part.squares, part.targets, list(part.inside)] for number, part in parts]


def _parts(documents: list[list[Any]]) -> tuple[tuple[int, Part], ...]:
    return tuple((number, Part(squares, targets, tuple(inside))) for number, squares, targets, inside in documents)
