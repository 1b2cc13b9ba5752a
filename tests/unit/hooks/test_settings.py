"""Where records go, and where they are served."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.remote.announcement import Pages
from airflow_spark_guard.core.store_address import StoreAddress
from airflow_spark_guard.hooks import settings
from airflow_spark_guard.provider_info import get_provider_info
from tests.support.paths import ROOT


@pytest.fixture
def set_option(monkeypatch):
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", "/var/log/airflow/logs")
    return lambda value: monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_FOLDER", value)


def test_unset_records_go_beside_the_logs(set_option):
    """Nothing has to be configured."""
    assert settings.record_root() == Path("/var/log/airflow/spark_guard")


@pytest.mark.parametrize(
    ("value", "root"),
    [
        ("", Path("/var/log/airflow/spark_guard")),
        ("/data/records", Path("/data/records")),
        ("records", Path("/var/log/airflow/records")),
        ("~/records", Path.home() / "records"),
        ("none", None),
        (" None ", None),
    ],
)
def test_the_option_says_where(set_option, value, root):
    """Absolute, relative to the logs, or nowhere."""
    set_option(value)
    assert settings.record_root() == root


def test_records_may_be_in_an_object_store(set_option):
    """Its address; one with a password is refused. A file address is a folder."""
    set_option("s3://aws@logs/guard/")
    assert settings.record_root() == StoreAddress("s3://aws@logs/guard")
    set_option("file:///data/records")
    assert settings.record_root() == Path("/data/records")
    set_option("s3://key:secret@logs/guard")
    with pytest.raises(BadInputError, match="has a password"):
        settings.record_root()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("record_max_age", "30d", 30 * 86400),
        ("record_max_age", " 1h 30m ", 5400),
        ("record_max_size", "10GB", 10 << 30),
        ("record_max_size", "500m", 500 << 20),
        ("record_max_age", "", None),
        ("record_max_size", "", None),
    ],
)
def test_what_records_may_be_kept(monkeypatch, name, text, value):
    """A duration and a size."""
    monkeypatch.setenv(f"AIRFLOW__SPARK_GUARD__{name.upper()}", text)
    assert getattr(settings, name)() == value


@pytest.mark.parametrize(("name", "text"), [("record_max_age", "a month"), ("record_max_size", "10 disks")])
def test_a_wrong_quantity_is_a_clear_error(monkeypatch, name, text):
    """It names the option."""
    monkeypatch.setenv(f"AIRFLOW__SPARK_GUARD__{name.upper()}", text)
    with pytest.raises(BadInputError) as caught:
        getattr(settings, name)()
    assert caught.value.what == f"Airflow's option [spark_guard] {name} cannot be read."
    assert caught.value.got == repr(text)


def test_provider_info_reader_and_docs_agree():
    """Each option is declared, read and described, and Airflow accepts the declaration."""
    info = get_provider_info()
    (section,) = info["config"]
    options = set(info["config"][section]["options"])
    read = {
        *(settings.RECORD_FOLDER, settings.RECORD_URL, settings.HISTORY_URL, settings.DRIVER_UI_URL),
        *(settings.RECORD_MAX_AGE, settings.RECORD_MAX_SIZE),
        *(settings.SPARK_LOG_LEVEL, settings.ON_FINDING, settings.DEPLOYMENT, settings.REPORT),
    }
    assert (section, options) == (settings.SECTION, read)
    schema = json.loads((files("airflow") / "provider_info.schema.json").read_text())
    jsonschema.validate(
        info["config"], {**schema["properties"]["config"], "definitions": schema["definitions"]}
    )
    docs = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    assert all(f"[{section}] {option}" in docs for option in options)


def test_airflow_knows_the_option_and_its_default(set_option):
    """By the provider's entry point."""
    from airflow.providers.common.compat.sdk import conf

    assert conf.get(settings.SECTION, settings.RECORD_FOLDER) == ""
    assert settings.record_url() == conf.get(settings.SECTION, settings.RECORD_URL) == ""


def test_the_option_says_where_records_are_served(monkeypatch):
    """As it is written."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__RECORD_URL", " https://records ")
    assert settings.record_url() == "https://records"


def test_the_options_say_where_browsers_reach_sparks_pages(monkeypatch):
    """Unset, where the task does; drivers may be out of reach."""
    assert settings.pages() == Pages()
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__HISTORY_URL", "http://127.0.0.1:18080 ")
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__DRIVER_UI_URL", "http://gate:{port}")
    assert settings.pages() == Pages("http://127.0.0.1:18080", "http://gate:{port}")
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__DRIVER_UI_URL", "None")
    assert settings.pages() == Pages("http://127.0.0.1:18080", has_driver_ui=False)


@pytest.mark.parametrize(
    ("value", "level"), [(None, "WARN"), ("", "WARN"), ("INFO", "INFO"), (" error ", "ERROR")]
)
def test_sparks_lines_are_shown_from_warnings_on_unless_the_option_says_otherwise(monkeypatch, value, level):
    """Read when the task runs."""
    if value is not None:
        monkeypatch.setenv("AIRFLOW__SPARK_GUARD__SPARK_LOG_LEVEL", value)
    assert settings.spark_log_level() == level


def test_a_level_that_is_none_is_an_error(monkeypatch):
    """It names the levels there are."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__SPARK_LOG_LEVEL", "verbose")
    with pytest.raises(BadInputError, match="is not a log level") as raised:
        settings.spark_log_level()
    assert (raised.value.got, "WARN" in raised.value.expected) == ("'verbose'", True)


@pytest.mark.parametrize(("value", "found"), [("", ""), ("warn", "warn"), (" end ", "end")])
def test_a_deployment_may_observe(monkeypatch, value, found):
    """Unset, each task decides."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__ON_FINDING", value)
    assert settings.on_finding() == found


def test_a_word_that_is_none_is_refused_with_the_options_name(monkeypatch):
    """Whoever wants observe mode must not have jobs ended by a typing error."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__ON_FINDING", "observe")
    with pytest.raises(BadInputError, match=r"^Airflow's option \[spark_guard\] on_finding is not valid\."):
        settings.on_finding()


@pytest.mark.parametrize(
    "name",
    [
        "AIRFLOW_HOME",
        "AIRFLOW__API__BASE_URL",
        "AIRFLOW__API__PORT",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
        "AIRFLOW__SPARK_GUARD__DEPLOYMENT",
    ],
)
def test_two_deployments_differ_by_home_address_or_name(monkeypatch, name):
    """And one is always the same."""
    monkeypatch.setenv(name, "http://one:1")
    one = settings.deployment()
    assert settings.deployment() == one
    monkeypatch.setenv(name, "http://two:2")
    assert settings.deployment() != one


@pytest.mark.parametrize(("value", "made"), [(None, True), ("", True), (" ON ", True), ("off", False)])
def test_each_attempt_ends_with_a_report_unless_the_option_says_otherwise(monkeypatch, value, made):
    """Read when the task runs."""
    if value is not None:
        monkeypatch.setenv("AIRFLOW__SPARK_GUARD__REPORT", value)
    assert settings.report() == made


def test_another_word_for_the_report_is_an_error(monkeypatch):
    """It names both words."""
    monkeypatch.setenv("AIRFLOW__SPARK_GUARD__REPORT", "yes")
    with pytest.raises(BadInputError, match="report is not known") as raised:
        settings.report()
    assert (raised.value.got, raised.value.expected) == ("'yes'", "on or off")
