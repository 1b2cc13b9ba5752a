"""What goes into the images: configuration rendered from the profiles, pins that agree, connections."""

from __future__ import annotations

import configparser
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.sdk import Connection

from airflow_spark_guard import SparkProfile
from airflow_spark_guard.core.conf.conf_table import PROFILES
from airflow_spark_guard.core.conf.known_confs import known_confs
from airflow_spark_guard.core.conf.properties import parse

ROOT = Path(__file__).parents[3]
DOCKER = ROOT / "docker"
CLUSTER = parse((DOCKER / "cluster.conf").read_text())
CONNECTIONS = runpy.run_path(str(DOCKER / "connections.py"))["connections"]


def test_sparks_configuration_is_rendered_from_the_profile(tmp_path):
    """Drivers that no operator submits get the default profile; those of operators bring their own."""
    subprocess.run([sys.executable, DOCKER / "render_conf.py", DOCKER / "cluster.conf", tmp_path], check=True)
    assert parse((tmp_path / "cluster.conf").read_text()) == CLUSTER
    rendered = parse((tmp_path / "cluster-with-profile.conf").read_text())
    assert rendered == {**SparkProfile("default").settings((4, 2)), **CLUSTER}


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "none"])
def test_the_cluster_takes_no_setting_from_a_profile(name):
    """What stands in spark-defaults.conf wins over an operator's profile, so it must be about other things."""
    assert not CLUSTER.keys() & SparkProfile(name).settings((4, 2), 3600).keys()


def test_spark_knows_every_setting_of_the_cluster():
    """No setting that nobody reads."""
    assert all(known_confs().is_known(key) for key in CLUSTER)


def test_airflow_knows_every_option():
    """And each secret is asked for by a command, where Airflow allows that."""
    from airflow.providers.common.compat.sdk import conf
    from airflow.providers_manager import ProvidersManager

    ProvidersManager().initialize_providers_configuration()
    wanted = configparser.ConfigParser(interpolation=None)
    wanted.read(DOCKER / "airflow.cfg")
    known = conf.configuration_description
    for section in wanted.sections():
        if section == "celery":  # of a provider that the image has and this environment has not
            continue
        for option in wanted[section]:
            plain = option.removesuffix("_cmd")
            assert plain in known[section]["options"], (section, option)
            assert plain == option or (section, plain) in conf.sensitive_config_values


def test_the_environment_of_the_compose_file_is_read_by_somebody():
    """``AIRFLOW__SECTION__OPTION`` exists; the others are Spark's scripts' or our own."""
    from airflow.providers.common.compat.sdk import conf

    text = (ROOT / "airflow.yml").read_text() + (ROOT / "spark.yml").read_text()
    names = re.findall(r"^\s+(AIRFLOW__[A-Z_]+):", text, re.MULTILINE)
    assert names
    for name in names:
        section, option = name.removeprefix("AIRFLOW__").lower().split("__")
        assert option in conf.configuration_description[section]["options"], name


@pytest.mark.parametrize(
    ("master", "host", "port"),
    [
        ("spark://spark-master:7077", "spark://spark-master", 7077),
        ("spark://other:7078", "spark://other", 7078),
        ("spark://one:7077,two:7077", "spark://one:7077,two:7077", None),
        ("yarn", "yarn", None),
        ("k8s://https://10.0.0.1:6443", "k8s://https://10.0.0.1:6443", None),
    ],
)
def test_connections_lead_to_our_spark_or_to_one_of_yours(master, host, port):
    """As Airflow takes them; only our own cluster has a history server and a monitor."""
    found = CONNECTIONS(master)
    fields = {**found["spark_default"], "extra": json.dumps(found["spark_default"]["extra"])}
    spark = Connection(conn_id="spark_default", **fields)
    assert (spark.host, spark.port) == (host, port)
    assert ("history_server" in spark.extra_dejson) == ("spark_monitor_default" in found)
    assert ("spark_monitor_default" in found) == (master == "spark://spark-master:7077")


def test_every_pin_of_the_images_is_the_one_that_the_tests_ran_with():
    """One version of each package; what the tests do not have is listed here."""
    only_in_images = {
        "amqp", "apache-airflow-providers-celery", "asyncpg", "billiard", "celery", "click-didyoumean",
        "click-plugins", "click-repl", "flower", "humanize", "kombu", "prometheus-client", "prompt-toolkit",
        "psycopg2-binary", "redis", "tornado", "vine", "async-timeout", "tzlocal", "exceptiongroup",
    }  # fmt: skip
    pins = {name: _pins(name) for name in ("dev", "spark-image", "airflow-image")}
    assert pins["spark-image"] <= pins["airflow-image"]
    added = {pin.split("==")[0] for pin in pins["airflow-image"] - pins["dev"]}
    assert added <= only_in_images


def _pins(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return {line.split(" ")[0] for line in text.splitlines() if line and line[0] not in " #"}
