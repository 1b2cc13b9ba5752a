"""The files of the page hold to their own policy."""

from __future__ import annotations

import re

import pytest

from airflow_spark_guard.plugins import pages


@pytest.mark.parametrize("name", ["list.html", "attempt.html"])
def test_a_page_has_no_inline_script_or_style(name):
    """Its policy would refuse them; everything it loads is served."""
    text = pages.content(name).decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\bon\w+=|\bstyle=|<style|https?://|javascript:", text)
    loaded = re.findall(r"(?:src|href)=\"static/([^\"]+)\"", text)
    assert loaded
    assert set(loaded) <= set(pages.KINDS)


@pytest.mark.parametrize("name", [name for name in pages.KINDS if name.endswith(".js")])
def test_scripts_set_texts_as_texts(name):
    """Nothing is parsed as HTML or run."""
    text = pages.content(name).decode()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text
    )
    assert not re.search(r"\b(alert|confirm|prompt)\(|https?://", text)
    assert set(re.findall(r"from \"\./([^\"]+)\"", text)) <= set(pages.KINDS)


def test_every_file_is_there_and_every_policy_strict():
    """A report has no origin; nothing may be framed by a foreign page."""
    assert all(pages.content(name) for name in pages.KINDS)
    policy = pages.PAGE_HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    for headers in (pages.PAGE_HEADERS, pages.REPORT_HEADERS, pages.DATA_HEADERS):
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    report = pages.REPORT_HEADERS["Content-Security-Policy"]
    assert report.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in report


def test_ids_that_scripts_ask_for_exist():
    """Each in the page that loads the script."""
    for script, page in (("list.js", "list.html"), ("attempt.js", "attempt.html")):
        asked = set(re.findall(r"byId\(\"([\w-]+)\"\)", pages.content(script).decode()))
        assert asked <= set(re.findall(r"id=\"([\w-]+)\"", pages.content(page).decode()))
