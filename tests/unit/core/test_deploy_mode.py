"""Where the driver runs: spark-submit's order of places, and what is refused before a JVM starts."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.conf.conf_draft import ConfValue
from airflow_spark_guard.core.deploy_mode import ClientMode, UpstreamClusterMode, WatchedClusterMode, decide
from airflow_spark_guard.core.errors import ConfError

OPERATOR = ("deploy_mode", "client")
NONE = ("deploy_mode", None)


def cluster(master):
    """As the configuration wants it."""
    return decide(master, NONE, [("conf", "cluster")], None)


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
    found = decide("yarn", option, conf, variable)
    assert (found.mode, found.origin) == (mode, origin)


def test_places_that_contradict_are_named():
    """The one that holds, and those without effect."""
    note = decide("yarn", OPERATOR, [("file", "client"), ("conf", "cluster")], "cluster").note
    assert note == (
        "Deploy mode client, from deploy_mode; spark.submit.deployMode in conf says 'cluster', the environment "
        "variable DEPLOY_MODE says 'cluster', without effect (spark-submit's order)."
    )
    assert decide("yarn", OPERATOR, [("conf", "client")], None).note == ""


@pytest.mark.parametrize("value", [True, 5, {"a": 1}, ["client"]])
def test_a_mode_that_is_no_text_is_refused(value):
    """The extra of a connection may be of any type of JSON."""
    with pytest.raises(ConfError, match=r"^The deploy mode is unknown.\n  got: .* \(the extra\)"):
        decide("yarn", ("the extra", value), [], None)


@pytest.mark.parametrize("value", ["Cluster", "yarn-cluster", "x"])
def test_a_mode_that_spark_does_not_know_is_refused(value):
    """Spark's own comparison is by letter."""
    with pytest.raises(
        ConfError, match=f"^The deploy mode is unknown.\n  got: '{value}' .*conf.*\n  expected"
    ):
        decide("yarn", NONE, [("conf", value)], None)


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
        cluster(master).check(application, has_environment=environment)
    assert "deploy mode cluster, from spark.submit.deployMode in conf; master " in str(caught.value)


@pytest.mark.parametrize("master", ["yarn", "k8s://https://h", "mesos://h"])
def test_the_rest_is_let_through(master):
    """Also what only its manager can refuse."""
    cluster(master).check("job.py", has_environment=True)
    cluster("spark://h:7077").check("app.jar", has_environment=False)
    for any_master in (master, "local[1]", "spark://h:7077"):
        decide(any_master, OPERATOR, [], None).check("job.py", has_environment=True)


@pytest.mark.parametrize(
    ("master", "kind", "is_guarded"),
    [
        ("yarn", WatchedClusterMode, True),
        ("k8s://https://h", WatchedClusterMode, True),
        ("spark://h:7077", UpstreamClusterMode, False),
        ("mesos://h", UpstreamClusterMode, False),
        ("local[2]", UpstreamClusterMode, False),
    ],
)
def test_who_guards_a_driver_on_the_cluster_is_the_masters_matter(master, kind, is_guarded):
    """Beside the task, and on a manager that is known, it is the guard."""
    found = cluster(master)
    assert (type(found), found.mode, found.is_guarded) == (kind, "cluster", is_guarded)
    found = decide(master, OPERATOR, [], None)
    assert (type(found), found.mode, found.is_guarded) == (ClientMode, "client", True)


@pytest.mark.parametrize(
    ("master", "option", "told"),
    [
        ("yarn", ("x", "cluster"), True),
        ("k8s://https://h", ("x", "cluster"), True),
        ("yarn", OPERATOR, False),
        ("spark://h:7077", ("x", "cluster"), False),
    ],
)
def test_what_spark_trims_itself_is_said(master, option, told):
    """On a watched cluster it writes a properties file of its own."""
    notes = decide(master, option, [], None).notes({"spark.x": ConfValue(" ", "conf")})
    assert bool(notes) is told
