"""The one way from a template and facts to a page: strict about what is missing, and everything shown is escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from forecastops import __version__
from forecastops.reporting.pages import filters

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render"]


def render(template: str, **facts: Any) -> str:
    """Return the page that a template makes of facts.

    Args:
        template: name of a file in the folder ``templates``.
        facts: by the names that the template uses; text is escaped, whatever is in it.

    Raises:
        jinja2.UndefinedError: when the template uses a fact that was not given.
    """
    return _environment().get_template(template).render(facts)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # slow to import, and no decision needs it

    environment = Environment(
        loader=PackageLoader("forecastops.reporting.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=filters.writable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= filters.FILTERS
    environment.globals["forecastops_version"] = __version__
    return environment
