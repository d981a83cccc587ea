"""The gate's checks as a JUnit file, which build systems show among their tests."""

from __future__ import annotations

from xml.etree import ElementTree

from forecastops.reporting.build_systems.report import Report

__all__ = ["junit_xml"]


def junit_xml(report: Report) -> str:
    """Write one test case a check: failed where it rejects the model, skipped where it only was not met."""
    outcomes = [check.outcome for check in report.checks]
    counts = {"tests": len(outcomes), "failures": outcomes.count("failed"), "skipped": outcomes.count("unmet")}
    attributes = {"name": report.suite, "errors": "0", **{name: str(count) for name, count in counts.items()}}
    suite = ElementTree.Element("testsuite", _legal(attributes))
    for check in report.checks:
        case = ElementTree.SubElement(
            suite, "testcase", _legal({"classname": report.suite, "name": check.name, "time": "0"})
        )
        if check.outcome == "passed":
            ElementTree.SubElement(case, "system-out").text = _printable(check.reason)
        else:
            kind = "failure" if check.outcome == "failed" else "skipped"
            ElementTree.SubElement(case, kind, _legal({"message": check.reason}))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=False) + "\n"


def _legal(attributes: dict[str, str]) -> dict[str, str]:
    return {name: _printable(value) for name, value in attributes.items()}


def _printable(text: str) -> str:
    """Return text without control characters and lone surrogates, which XML has no place for."""
    return "".join(char if char.isprintable() else "?" for char in text)
