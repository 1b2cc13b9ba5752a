"""Where the driver runs: spark-submit's order of places, and what is refused before a JVM starts."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.deploy_mode import DeployMode, check_mode, decide
from airflow_spark_guard.core.errors import ConfError

OPERATOR = ("deploy_mode", "client")
NONE = ("deploy_mode", None)
CLUSTER = DeployMode("cluster", "spark.submit.deployMode in conf")


@pytest.mark.parametrize(
    ("option", "conf", "variable", "mode", "origin"),
    [
        (NONE, [], None, "client", "Spark's default"),
        (NONE, [], "", "client", "Spark's default"),
        (NONE, [], "cluster", "cluster", "the environment variable DEPLOY_MODE"),
        (NONE, [("/etc/d.conf", "cluster")], "client", "cluster", "spark.submit.deployMode in /etc/d.conf"),
        (
            NONE,
            [("file", "client"), ("conf", " cluster ")],
            None,
            "cluster",
            "spark.submit.deployMode in conf",
        ),
        (NONE, [("file", "cluster"), ("conf", "client")], None, "client", "spark.submit.deployMode in conf"),
        (NONE, [("file", "cluster"), ("conf", "")], None, "cluster", "spark.submit.deployMode in file"),
        (OPERATOR, [("conf", "cluster")], "cluster", "client", "deploy_mode"),
        (("the extra", "cluster"), [("conf", "client")], None, "cluster", "the extra"),
    ],
)
def test_the_order_is_that_of_spark_submit(option, conf, variable, mode, origin):
    """The option, then the configuration, then the environment."""
    found = decide(option, conf, variable)
    assert (found.mode, found.origin) == (mode, origin)


def test_places_that_contradict_are_named():
    """The one that holds, and those without effect."""
    note = decide(OPERATOR, [("file", "client"), ("conf", "cluster")], "cluster").note
    assert note == (
        "Deploy mode client, from deploy_mode; spark.submit.deployMode in conf says 'cluster', the environment "
        "variable DEPLOY_MODE says 'cluster', without effect (spark-submit's order)."
    )
    assert decide(OPERATOR, [("conf", "client")], None).note == ""


@pytest.mark.parametrize("value", [True, 5, {"a": 1}, ["client"]])
def test_a_mode_that_is_no_text_is_refused(value):
    """The extra of a connection may be of any type of JSON."""
    with pytest.raises(ConfError, match=r"^The deploy mode is unknown.\n  got: .* \(the extra\)"):
        decide(("the extra", value), [], None)


@pytest.mark.parametrize("value", ["Cluster", "yarn-cluster", "x"])
def test_a_mode_that_spark_does_not_know_is_refused(value):
    """Spark's own comparison is by letter."""
    with pytest.raises(
        ConfError, match=f"^The deploy mode is unknown.\n  got: '{value}' .*conf.*\n  expected"
    ):
        decide(NONE, [("conf", value)], None)


@pytest.mark.parametrize(
    ("master", "application", "environment", "said"),
    [
        ("local[*]", "a.jar", False, r"The master local\[\*\] does not support cluster mode."),
        (
            "local-cluster[1,1,512]",
            "a.jar",
            False,
            "The master local-cluster.* does not support cluster mode.",
        ),
        (
            "spark://h:7077",
            "/x/job.py",
            False,
            "Spark does not run Python applications in cluster mode on a standa",
        ),
        (
            "spark://h:7077",
            "job.R",
            False,
            "Spark does not run R applications in cluster mode on a standalone",
        ),
        (
            "spark://h:7077",
            "a.jar",
            True,
            "env_vars does not reach the driver in cluster mode on a standalone",
        ),
    ],
)
def test_what_spark_would_refuse_is_refused_first(master, application, environment, said):
    """With the place that asked for cluster mode."""
    with pytest.raises(ConfError, match=f"^{said}") as caught:
        check_mode(CLUSTER, master, application, has_environment=environment)
    assert "deploy mode cluster, from spark.submit.deployMode in conf; master " in str(caught.value)


@pytest.mark.parametrize(
    ("found", "master", "application"),
    [
        (DeployMode("client", "x"), "local[1]", "job.py"),
        (DeployMode("client", "x"), "spark://h:7077", "job.py"),
        (CLUSTER, "yarn", "job.py"),
        (CLUSTER, "k8s://https://h", "job.py"),
        (CLUSTER, "mesos://h", "job.py"),
    ],
)
def test_the_rest_is_let_through(found, master, application):
    """Also what only its manager can refuse."""
    check_mode(found, master, application, has_environment=True)
    check_mode(CLUSTER, "spark://h:7077", "app.jar", has_environment=False)
