"""Which masters are let through, and what is said of the others."""

from __future__ import annotations

import pytest

from airflow_spark_guard.core.master import master_problem

ACCEPTED = [
    "local",
    "local[2]",
    "local[*]",
    "local[*,3]",
    "local[2, 3]",
    "local[2 ,0]",
    "local-cluster[2,1,1024]",
    "local-cluster[ 2 , 1 , 1024 ]",
    "spark://h:7077",
    "spark://h1:7077,h2:7077",
    "spark://h:7077,",
    "spark://10.0.0.1:7077",
    "spark://[::1]:7077",
    "spark://1a:7077",
    "spark://spark-master.internal.:7077",
    "yarn",
    "k8s://h:6443",
    "k8s://https://h",
    "k8s://http://127.0.0.1:8001",
    "k8s://HTTPS://h:6443/k8s/clusters/c-1",
    "spark-mine://h",
    "k8s-mine://h:1",
]
REFUSED = [
    ("", "host", "is empty"),
    ("  ", "host", "is empty"),
    (" local[1]", "host", "contains white space"),
    ("local[1] ", "host", "contains white space"),
    ("local[1]\n", "host", "contains white space"),
    ("spark://h:7077\t", "host", "contains white space"),
    ("spark://h\0:7077", "host", "contains white space"),
    ("spark://h\u00a0:7077", "host", "contains white space"),
    ("local[x]", "host", "not a valid form of local"),
    ("local[]", "host", "not a valid form of local"),
    ("local[ 2]", "host", "not a valid form of local"),
    ("local[-1]", "host", "not a valid form of local"),
    ("local[٢]", "host", "not a valid form of local"),
    ("local-cluster[2,1]", "host", "not a valid form of local"),
    ("local-cluster", "host", "not a valid form of local"),
    ("local[0]", "host", "has a number that is not valid"),
    ("local[0,2]", "host", "has a number that is not valid"),
    ("local[2147483648]", "host", "has a number that is not valid"),
    ("local[2]:7077", "port", "is local and has a port"),
    ("local:7077", "port", "is local and has a port"),
    ("yarn:8032", "port", "is yarn and has a port"),
    ("yarn-client", "host", "not a valid form of yarn"),
    ("yarn://", "host", "is written as a URL"),
    ("yarn://rm:8032", "host", "is written as a URL"),
    ("local://", "host", "is written as a URL"),
    ("spark://", "host", "names no host"),
    ("spark://,", "host", "names no host"),
    ("spark://:7077", "host", "names no host"),
    ("spark://h1:7077,,h2:7077", "host", "names no host"),
    ("spark://h", "port", "has no port"),
    ("spark://h:", "port", "has no port"),
    ("spark://h1:7077,h2", "port", "has no port"),
    ("spark://h:x", "port", "has a port that is not valid"),
    ("spark://h:0", "port", "has a port that is not valid"),
    ("spark://h:65536", "port", "has a port that is not valid"),
    ("spark://h:7077:7077", "port", "has two ports"),
    ("spark://h:7077/", "host", "has more than host and port"),
    ("spark://u:p@h:7077", "host", "has more than host and port"),
    ("spark://h1:7077, h2:7077", "host", "has more than host and port"),
    ("spark://spark_master:7077", "host", "has a host name that Java refuses: 'spark_master'"),
    ("spark://-h:7077", "host", "has a host name that Java refuses"),
    ("spark://a.1b:7077", "host", "has a host name that Java refuses"),
    ("spark://300.0.0.1:7077", "host", "has a host name that Java refuses"),
    ("spark://h\u00f6st:7077", "host", "has a host name that Java refuses"),
    ("spark://[::g]:7077", "host", "has a host name that Java refuses"),
    ("spark://${HOST}:7077", "host", "has a host name that Java refuses"),
    ("k8s://", "host", "names no host"),
    ("k8s://https://", "host", "names no host"),
    ("k8s://https://:6443", "host", "names no host"),
    ("k8s://ftp://h", "host", "names no API server"),
    ("k8s://https://h :6443", "host", "names no API server"),
    ("k8s://https://h:x", "port", "has a port that is not valid"),
    ("k8s:https://h", "host", "begins with 'k8s:https'"),
    ("SPARK://h:7077", "host", "has capital letters"),
    ("Local[2]", "host", "has capital letters"),
    ("YARN", "host", "has capital letters"),
    ("http://h:7077", "host", "begins with 'http', which Spark does not know"),
    ("generic://h:1", "host", "begins with 'generic', which Spark does not know"),
    ("mesos://h:5050", "host", "begins with 'mesos', which Spark does not know"),
    ("://", "host", "has neither a type nor a host"),
    ("None://local", "host", "begins with 'None', which Spark does not know"),
    ("generic://spark://h:7077", "host", "begins with 'generic', which Spark does not know"),
    ("h", "host", "has no scheme"),
    ("h:7077", "host", "has no scheme"),
    ("localhost:7077", "host", "has no scheme"),
    ("spark//h:7077", "host", "has no scheme"),
]


@pytest.mark.parametrize("master", ACCEPTED)
def test_what_spark_can_parse_is_let_through(master):
    """Also what another cluster manager may take: spark-submit looks at the first letters only."""
    assert master_problem(master) is None


@pytest.mark.parametrize(("master", "field", "why"), REFUSED)
def test_what_spark_cannot_parse_is_refused_with_field_and_advice(master, field, why):
    """The field is the one of the connection form."""
    problem = master_problem(master, (4, 2))
    assert problem is not None
    assert problem.field == field
    assert why in problem.why
    assert problem.advice


@pytest.mark.parametrize(
    ("master", "advice"),
    [
        ("spark-master", "For a standalone master write spark://spark-master:7077"),
        ("http://spark-master:7078", "For a standalone master write spark://spark-master:7078"),
        ("generic://spark://h:7077", "For a standalone master write spark://h:7077"),
        ("YARN", "Write it in lower case: yarn"),
        ("spark://spark_master:7077", "Give the host a name without an underscore, or use its IP address."),
    ],
)
def test_the_advice_holds_the_right_text(master, advice):
    """To be copied."""
    assert master_problem(master).advice == advice


def test_mesos_was_known_to_spark_3():
    """And to no other."""
    assert master_problem("mesos://h:5050", (3, 5)) is None
    assert master_problem("mesos://h:5050") is None, "whose Spark is not known"
    assert master_problem("mesos://h:5050", (4, 0)) is not None
