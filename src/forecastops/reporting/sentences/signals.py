"""What the monitor found, as sentences: one for each signal, and one for the whole."""

from __future__ import annotations

from collections.abc import Callable

from forecastops.monitoring.signal import Look, Signal
from forecastops.reporting.sentences.checks import reason_of
from forecastops.reporting.sentences.numbers import percent, ratio, show

__all__ = ["look_sentence", "signal_sentence", "signal_title"]

_TITLES = {
    "level": "Level",
    "spread": "Spread",
    "season": "Season",
    "correlation": "Serial correlation",
    "distribution": "Distribution",
    "psi": "Population stability index",
    "error_vs_promise": "Error against its promise",
    "error_vs_naive": "Error against the seasonal naive",
    "pinball": "Pinball loss",
    "comparable_data": "Same series",
    "plausible_data": "Plausible values",
    "constant": "Stuck values",
    "unit": "Unit",
    "partial": "Incomplete last period",
    "placeholder": "Placeholders",
    "duplicates": "Repeated dates",
    "gaps": "Gaps",
    "late": "Lateness",
    "moved_series": "Series that moved",
    "broken_series": "Series with broken data",
}
_UNKNOWN = {
    "nothing_watched": "nothing newer than its training has come yet",
    "training_too_short": "its training has too few observations to say what is usual",
    "watched_too_short": "too few observations have come since its training",
    "no_season": "the series has no season, or its training too few",
    "no_promise": "what its evaluation promised cannot be measured again",
    "nothing_told": "the data reach back to the training of none of the series",
    "not_asked": "lateness counts only against --now",
}
_UNWATCHABLE = {
    "no_champion": "Retrain: there is no champion to watch yet.",
    "legacy_champion": "Retrain: the champion was not made by forecastops, so it cannot be watched.",
}


def signal_title(signal: Signal) -> str:
    """Return what is watched, in a few words."""
    if signal.name.startswith("coverage_"):
        return f"Coverage of the {signal.level} % interval"
    return _TITLES.get(signal.name, signal.name)


def signal_sentence(signal: Signal) -> str:
    """Return what was found, beside what is usual."""
    if signal.code in _UNKNOWN:
        return f"Not told: {_UNKNOWN[signal.code]}."
    if signal.check is not None and not signal.passed:
        return f"{reason_of(signal.check)}."
    if signal.name.startswith("coverage_"):
        return _coverage(signal)
    return _SENTENCES[signal.name](signal)


def look_sentence(look: Look) -> str:
    """Return what follows from the look, and why."""
    if look.unwatchable is not None:
        return _UNWATCHABLE[look.unwatchable]
    failed = [signal for signal in look.signals if not signal.passed]
    of_panel = next((signal for signal in look.signals if signal.name == "moved_series"), None)
    if of_panel is not None and look.observations and not look.broken:
        return f"{'Retrain' if look.retrain else 'Nothing to do'}: {signal_sentence(of_panel)}"
    if look.broken:
        names = ", ".join(signal_title(signal).lower() for signal in failed if signal.group == "data")
        return f"The data are broken ({names}): nothing is retrained or renewed from them."
    if look.retrain:
        shown = [f"{signal_title(signal).lower()}{_since(signal)}" for signal in failed]
        return f"Retrain: something has moved ({', '.join(shown)})."
    if look.start is None:
        return f"Nothing has come since its training, which had data through {look.end}."
    days = f"{look.observations} observation{'s' if look.observations != 1 else ''} since its training"
    return f"Nothing has moved in {days}, {look.start} to {look.end}."


def _since(signal: Signal) -> str:
    return f" since {signal.since}" if signal.since else ""


def _evidence(signal: Signal) -> str:
    return f"evidence {ratio(signal.value or 0.0, signal.threshold)}, threshold {signal.threshold:.3f}"


def _level(signal: Signal) -> str:
    if signal.passed:
        return f"One-step errors lie around zero as in training ({_evidence(signal)})."
    size = signal.size or 0.0
    way = "above" if size > 0 else "below"
    return (
        f"Since {signal.since}, values lie {way} their one-step forecasts, by {abs(size):.2f} standard deviations on "
        f"average; noticed on {signal.date} ({_evidence(signal)})."
    )


def _spread(signal: Signal) -> str:
    if signal.passed:
        return f"One-step errors are as large as in training ({_evidence(signal)})."
    wider = (signal.size or 0.0) > 0
    factor = max(0.0, 1 + (signal.size or 0.0)) ** 0.5
    return (
        f"Since {signal.since}, one-step errors are {'larger' if wider else 'smaller'} than in training, about "
        f"{factor:.2f} times; noticed on {signal.date} ({_evidence(signal)})."
    )


def _season(signal: Signal) -> str:
    if signal.passed:
        return f"The places of the season are forecast as in training ({_evidence(signal)})."
    return (
        f"Since about {signal.since}, some places of the season lie above and others below their forecasts: the "
        f"seasonal pattern has changed; noticed on {signal.date} ({_evidence(signal)})."
    )


def _correlation(signal: Signal) -> str:
    if signal.passed:
        return f"One-step errors do not depend on the one before ({_evidence(signal)})."
    way = "have the sign of" if (signal.size or 0.0) > 0 else "have the opposite sign of"
    return (
        f"Since about {signal.since}, one-step errors {way} the one before more often than chance explains: the model "
        f"misses how values hang together; noticed on {signal.date} ({_evidence(signal)})."
    )


def _distribution(signal: Signal) -> str:
    shown = f"Kolmogorov-Smirnov {ratio(signal.value or 0.0, signal.threshold)}, threshold {signal.threshold:.3f}"
    if signal.passed:
        return f"The newest {signal.length} one-step errors are distributed as in training ({shown})."
    return f"The newest {signal.length} one-step errors are distributed otherwise than in training ({shown})."


def _psi(signal: Signal) -> str:
    return (
        f"{signal.value:.3f} on the raw values of the newest {signal.length} observations; shown because many ask for "
        "it, and triggers nothing: it passes 0.2 in most years in which nothing changes."
    )


def _vs_promise(signal: Signal) -> str:
    shown = f"{ratio(signal.value or 0.0, signal.threshold)} times, threshold {signal.threshold:.3f}"
    return f"The mean absolute error of the newest {signal.length} paths against what its evaluation promised: {shown}."


def _vs_naive(signal: Signal) -> str:
    shown = f"{ratio(signal.value or 0.0, signal.threshold)} times, threshold {signal.threshold:.3f}"
    usual = f"; its evaluation promised {signal.usual:.3f}" if signal.usual is not None else ""
    return f"The mean absolute error of the newest {signal.length} paths against the seasonal naive's: {shown}{usual}."


def _pinball(signal: Signal) -> str:
    shown = f"{ratio(signal.value or 0.0, signal.threshold)} times, threshold {signal.threshold:.3f}"
    return f"The pinball loss of the newest {signal.length} paths against what its evaluation promised: {shown}."


def _coverage(signal: Signal) -> str:
    shown = f"{percent(signal.value, signal.threshold)}, threshold {percent(signal.threshold)}"
    usual = f"; its evaluation promised {percent(signal.usual)}" if signal.usual is not None else ""
    return f"Values within the interval, of the newest {signal.length} paths: {shown}{usual}."


def _comparable(signal: Signal) -> str:
    return f"The data are the champion's series; {percent(signal.value)} of the common dates were revised."


def _plausible(_signal: Signal) -> str:
    return "The newest values can be what the champion forecast."


def _constant(signal: Signal) -> str:
    if signal.passed:
        return "The newest values differ from each other as before."
    run = f"The last {signal.value:.0f} values, to {signal.date}, are all the same"
    return f"{run}; at most {signal.threshold:.0f} in a row are plausible."


def _unit(signal: Signal) -> str:
    if signal.passed:
        return "The newest values are of the size of those before."
    return f"From {signal.since} on, values are about {signal.value:g} times those before: another unit?"


def _partial(signal: Signal) -> str:
    if signal.passed:
        return "The newest value is that of a whole period."
    return (
        f"The newest value {show(signal.value)} of {signal.date} lies far below its one-step interval, which begins at "
        f"{show(signal.threshold)}: a period that is not over yet? data.drop_last=1 leaves it out."
    )


def _placeholder(signal: Signal) -> str:
    if signal.passed:
        return "No number seems to stand for a missing one."
    return (
        f"{signal.value:g} stands {signal.length} times, far from all other values: missing? "
        f"data.na_values={signal.value:g}"
    )


def _duplicates(signal: Signal) -> str:
    return "No date stands twice with different values." if signal.passed else f"{signal.detail}."


def _gaps(signal: Signal) -> str:
    shown = f"{percent(signal.value, signal.threshold)} of the newest {signal.length} dates have no value"
    return f"{shown}; at most {percent(signal.threshold)} is allowed."


def _late(signal: Signal) -> str:
    number = signal.value or 0.0
    behind = f"{number:.0f} observation{'s' if number != 1 else ''} should have come after {signal.date}"
    return f"{behind}; at most {signal.threshold:.0f} may be missing."


def _moved_series(signal: Signal) -> str:
    since = f", since {signal.since}" if signal.since else ""
    return _of_series(signal, "watched series have moved", since, f"retrained from {percent(signal.threshold)} on")


def _broken_series(signal: Signal) -> str:
    bound = "" if signal.threshold is None else f"at most {percent(signal.threshold)} may be"
    return _of_series(signal, "series have data that are broken", "", bound)


def _of_series(signal: Signal, words: str, since: str, bound: str) -> str:
    """Say how many of how many series, which, and what is allowed."""
    number = int(signal.size or 0)
    named = f": {signal.detail}" if number else ""
    said = f"{number} of {signal.length} {words} ({percent(signal.value)}{since})"
    return f"{said}{named}; {bound}." if bound else f"{said}{named}."


_SENTENCES: dict[str, Callable[[Signal], str]] = {
    "level": _level,
    "spread": _spread,
    "season": _season,
    "correlation": _correlation,
    "distribution": _distribution,
    "psi": _psi,
    "error_vs_promise": _vs_promise,
    "error_vs_naive": _vs_naive,
    "pinball": _pinball,
    "comparable_data": _comparable,
    "plausible_data": _plausible,
    "constant": _constant,
    "unit": _unit,
    "partial": _partial,
    "placeholder": _placeholder,
    "duplicates": _duplicates,
    "gaps": _gaps,
    "late": _late,
    "moved_series": _moved_series,
    "broken_series": _broken_series,
}
