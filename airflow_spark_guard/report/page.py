"""One HTML page: what happened, where, what to do, and the charts and tables that show it."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from airflow_spark_guard.core.text.printable import safe_text
from airflow_spark_guard.report.alert_views import alert_views
from airflow_spark_guard.report.figures import figures
from airflow_spark_guard.report.head import head_of
from airflow_spark_guard.report.instrument_tables import instrument_alerts, instrument_tables
from airflow_spark_guard.report.library import ChartLibrary, chart_library, source_of
from airflow_spark_guard.report.moments import marks_of
from airflow_spark_guard.report.stacks import stacks_of, traceback_of
from airflow_spark_guard.report.tables import tables_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.report.contents import Contents
    from airflow_spark_guard.report.figure import Figure

_TEMPLATES: Final = Path(__file__).parent / "templates"


def page(contents: Contents, *, charts: bool = True) -> str:
    """The whole page. Every text in it is escaped; its script may only be the one that we ship.

    Args:
        contents: what it shows.
        charts: whether it has charts and their library, 2 MB; without them a page has at most some 0.1 MB.
    """
    shown = figures(contents.history, marks_of(contents)) if charts else ()
    library = chart_library() if charts else ChartLibrary("", "")
    script, style = _file("report.js"), _file("report.css")
    sources = [f"'{source_of(script.encode())}'"] + ([f"'{library.digest}'"] if library.digest else [])
    return (
        _environment()
        .get_template("report.html")
        .render(
            version=_version(),
            head=head_of(contents),
            replays=[safe_text(text) for text in contents.replays],
            observed=[safe_text(text) for text in contents.observed],
            alerts=(*alert_views(contents.alerts), *instrument_alerts(contents.instruments.measured)),
            figures=shown,
            instruments=instrument_tables(contents.instruments.measured),
            instruments_note=contents.instruments.note,
            tables=tables_of(contents),
            traceback=traceback_of(contents.traceback, contents.place),
            stacks=stacks_of(contents.diagnostics, contents.place),
            output=contents.output,
            missing=[safe_text(text) for text in (*contents.history.missing, *contents.trouble)],
            figures_json=Markup(_json(shown)),  # noqa: S704 - has no character that HTML knows
            library=library.packed,
            script=Markup(script),  # noqa: S704 - our own file
            style=Markup(style),  # noqa: S704 - our own file
            script_sources=" ".join(sources),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


@cache
def _version() -> str:
    try:
        return version("airflow-spark-guard")
    except PackageNotFoundError:  # run from a folder of sources
        return ""


@cache
def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text()


def _json(charts: Sequence[Figure]) -> str:
    """Charts for a script element. Plotly reads a little HTML in texts, so that they are escaped as well."""
    rows = [{"name": one.name, "data": _plain(one.data), "layout": _plain(one.layout)} for one in charts]
    text = json.dumps(rows, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return safe_text(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
