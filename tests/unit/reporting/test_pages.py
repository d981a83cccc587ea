"""Every page is made by one strict environment, in which what strangers wrote stays text."""

from __future__ import annotations

import subprocess
import sys

import jinja2
import pytest

from forecastops.reporting.pages import filters, rendering
from forecastops.reporting.sentences.numbers import percent, show

HOSTILE = "<script>alert(1)</script>\"' onload=x \u202eevil\u0000\udcff 🙂"


def page(body: str, **facts: object) -> str:
    """What a template with that body makes of facts."""
    source = (
        '{% extends "base.html" %}{% import "macros.html" as m %}'
        "{% block title %}{{ name }}{% endblock %}{% block main %}" + body + "{% endblock %}"
    )
    return rendering._environment().from_string(source).render(facts)


@pytest.mark.parametrize(
    "body",
    [
        "{{ m.banner('bad', name, name) }}",
        "{{ m.facts([(name, name)]) }}",
        "{{ m.table(name, [name], [[name, name]]) }}",
        "{{ m.figure('<svg></svg>', name, name) }}",
        "{% call m.card(name) %}{{ name }}{% endcall %}",
        "{{ m.long(name * 100) }}",
    ],
)
def test_what_strangers_wrote_is_text_wherever_it_stands(body: str) -> None:
    made = page(body, name=HOSTILE)
    assert "<script" not in made
    assert "&lt;script&gt;" in made
    assert "onload=x \u202eevil\ufffd\ufffd 🙂" in made
    assert "&#34;&#39;" in made
    made.encode("utf-8")


def test_a_page_asks_for_nothing_from_elsewhere() -> None:
    made = page("", name="sales")
    assert "default-src &#39;none&#39;" in made or "default-src 'none'" in made
    assert "http://" not in made
    assert "https://" not in made
    assert "url(" not in made
    assert "@import" not in made


def test_a_fact_that_is_missing_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="nothing"):
        page("{{ nothing }}", name="sales")
    with pytest.raises(jinja2.TemplateNotFound):
        rendering.render("nothing.html")


@pytest.mark.parametrize(
    "drawing", ["<p>", "<svg><script/></svg>", "<svg onload = 'x'/>", "<svg><a href='javascript:x'/></svg>"]
)
def test_only_a_drawing_is_markup(drawing: str) -> None:
    with pytest.raises(ValueError, match="no drawing"):
        filters.svg(drawing)


def test_words_of_a_drawing_may_say_anything() -> None:
    said = "<svg><desc>errors one = 2, javascript: none</desc></svg>"
    assert filters.svg(said) == said


def test_a_drawing_leaves_its_prologue_behind() -> None:
    assert filters.svg('<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "y">\n<svg/>') == "<svg/>"


def test_numbers_read_as_in_the_sentences() -> None:
    made = page("{{ v | number }} {{ v | percent }} {{ none | cell }} {{ v | cell }}", name="", v=0.123456789)
    assert f"{show(0.123456789)} {percent(0.123456789)} – {show(0.123456789)}" in made  # noqa: RUF001


def test_moments_are_in_utc() -> None:
    assert filters.moment("2026-11-27T01:30:00+02:00") == "2026-11-26 23:30 UTC"
    assert filters.moment("2026-11-27T01:30:59") == "2026-11-27 01:30 UTC"
    assert filters.moment("yesterday") == "yesterday"


def test_no_page_slows_a_command_down() -> None:
    code = "import sys, forecastops.reporting.pages.rendering; sys.exit('jinja2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
