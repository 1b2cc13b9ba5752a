"""The chart library as a page carries it."""

import base64
import gzip
import hashlib
import importlib.util
import sys

from airflow_spark_guard.report import library
from airflow_spark_guard.report.library import ChartLibrary, chart_library, source_of


def test_the_page_carries_plotly_as_installed():
    found = chart_library()
    script = gzip.decompress(base64.b64decode(found.packed))
    assert b"plotly.js" in script[:200]
    assert found.digest == source_of(script)
    assert len(found.packed) < 3 << 20


def test_the_source_is_the_one_that_browsers_compute():
    assert source_of(b"alert(1)") == (
        "sha256-" + base64.b64encode(hashlib.sha256(b"alert(1)").digest()).decode()
    )


def test_plotly_itself_is_not_imported():
    chart_library.cache_clear()
    chart_library()
    assert "plotly" not in sys.modules


def test_without_plotly_there_is_no_library(monkeypatch):
    chart_library.cache_clear()
    monkeypatch.setattr(library, "find_spec", lambda _: None)
    assert chart_library() == ChartLibrary("", "")
    chart_library.cache_clear()


def test_a_plotly_without_its_script_is_none(monkeypatch, tmp_path):
    chart_library.cache_clear()
    spec = importlib.util.spec_from_file_location("plotly", tmp_path / "__init__.py")
    monkeypatch.setattr(library, "find_spec", lambda _: spec)
    assert chart_library() == ChartLibrary("", "")
    chart_library.cache_clear()
