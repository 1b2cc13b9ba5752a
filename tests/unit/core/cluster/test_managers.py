import ast
import json

import pytest

from airflow_spark_guard.core.cluster.kubernetes import Kubernetes
from airflow_spark_guard.core.cluster.manager import Settings
from airflow_spark_guard.core.cluster.managers import MANAGERS, cluster_manager, is_watched, manager_from_json
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.errors import BadInputError
from tests.support.source import PACKAGE, nodes, python_files

RM = "yarn_resourcemanager_webapp_address"


@pytest.mark.parametrize(
    ("master", "watched"),
    [("yarn", True), ("k8s://https://h:6443", True), ("spark://h:7077", False), ("local[2]", False)],
)
def test_yarn_and_kubernetes_are_watched(master, watched):
    """A standalone cluster takes no Python application in cluster mode."""
    assert is_watched(master) is watched


@pytest.mark.parametrize(
    ("given", "servers"),
    [
        ("http://rm:8088", ("http://rm:8088",)),
        ("rm:8088", ("http://rm:8088",)),
        ("https://rm1:8090/, https://rm2:8090", ("https://rm1:8090", "https://rm2:8090")),
        (["http://rm1:8088", "http://rm2:8088"], ("http://rm1:8088", "http://rm2:8088")),
    ],
)
def test_one_resource_manager_or_several_are_named(given, servers):
    """Of several one is in charge."""
    assert cluster_manager(Settings("yarn", {RM: given}, {})).servers == servers


@pytest.mark.parametrize("given", [None, "", " , ", "ftp://rm", "http://", "http://rm:x", []])
def test_without_an_address_nothing_is_submitted(given):
    """It could be neither watched nor ended."""
    with pytest.raises(BadInputError, match="needs the address of the ResourceManager"):
        cluster_manager(Settings("yarn", {RM: given}, {}))


@pytest.mark.parametrize(
    ("master", "server"),
    [
        ("k8s://https://h:6443", "https://h:6443"),
        ("k8s://http://h:8080/", "http://h:8080"),
        ("k8s://h:6443", "https://h:6443"),
    ],
)
def test_the_master_names_the_api_server(master, server):
    """As Spark reads it."""
    assert cluster_manager(Settings(master, {}, {})).servers == (server,)


def test_a_master_that_names_none_is_refused():
    """Before anything is submitted."""
    with pytest.raises(BadInputError, match="does not name a Kubernetes API server"):
        cluster_manager(Settings("k8s://", {}, {}))


def test_the_namespace_is_the_one_that_spark_uses():
    """By the connection, by the configuration, or the default."""
    conf = {"spark.kubernetes.namespace": "by-conf"}
    master = "k8s://https://h"
    assert cluster_manager(Settings(master, {}, conf, namespace="by-connection")).namespace == "by-connection"
    assert cluster_manager(Settings(master, {}, conf)).namespace == "by-conf"
    assert cluster_manager(Settings(master, {}, {})).namespace == "default"


def test_sparks_own_settings_say_how_to_get_in():
    """The connection's extras go first."""
    prefix = "spark.kubernetes.authenticate.submission"
    conf = {
        f"{prefix}.oauthTokenFile": "/t",
        f"{prefix}.caCertFile": "/c",
        "spark.kubernetes.driver.podTemplateContainerName": "mine",
    }
    place = cluster_manager(Settings("k8s://https://h", {}, conf))
    assert (place.token_file, place.ca_file, place.container) == ("/t", "/c", "mine")
    extra = {
        "kubernetes_token_file": "/t2",
        "cluster_ca_file": "/c2",
        "kubeconfig": "/k",
        "cluster_verify": "no",
    }
    place = cluster_manager(Settings("k8s://https://h", extra, conf))
    assert (place.token_file, place.ca_file, place.kubeconfig, place.verify) == ("/t2", "/c2", "/k", False)


@pytest.mark.parametrize(("master", "title"), [("yarn", "YARN"), ("k8s://https://h", "Kubernetes")])
def test_the_master_says_which_manager_it_is(master, title):
    """And how it is called in messages."""
    assert cluster_manager(Settings(master, {RM: "rm:8088"}, {})).title == title


def test_a_master_of_no_manager_is_refused():
    """The connection was changed while its task was deferred, say."""
    with pytest.raises(BadInputError, match="of no cluster that is watched") as caught:
        cluster_manager(Settings("local[2]", {}, {}))
    assert "one of these: YARN, Kubernetes" in str(caught.value)


def test_a_manager_survives_json():
    """It is stored while the task is deferred, and holds no secret."""
    place = cluster_manager(Settings("yarn", {RM: "rm:8088", "cluster_token": "geheim"}, {}, user="airflow"))
    stored = json.dumps(place.to_json())
    assert manager_from_json(json.loads(stored)) == place
    assert "geheim" not in stored


def test_a_manager_of_an_older_version_has_no_kerberos():
    """A trigger's arguments may have been stored before."""
    stored = Yarn(("http://rm:8088",), kerberos=True).to_json()
    assert manager_from_json(stored).kerberos
    del stored["kerberos"]
    assert not manager_from_json(stored).kerberos


@pytest.mark.parametrize(("key", "kind"), [("yarn", Yarn), ("kubernetes", Kubernetes)])
def test_older_versions_stored_the_fields_of_all_managers(key, kind):
    """Those that this one does not have are ignored."""
    stored = {
        "manager": key,
        "servers": ["http://h"],
        "namespace": "jobs",
        "container": "",
        "user": "airflow",
        "token_file": "",
        "kubeconfig": "",
        "ca_file": "/c",
        "verify": False,
        "kerberos": False,
    }
    found = manager_from_json(stored)
    assert (type(found), found.servers, found.ca_file, found.verify) == (kind, ("http://h",), "/c", False)
    assert getattr(found, "user", "") == ("airflow" if kind is Yarn else "")
    assert getattr(found, "namespace", "") == ("jobs" if kind is Kubernetes else "")


WHOLE = Yarn(("http://h",)).to_json()


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        *((raw, "no manager of a cluster") for raw in (None, 7, {}, {**WHOLE, "manager": "mesos"}, {**WHOLE, "servers": []})),
        ({**WHOLE, "verify": "yes"}, "^verify: 'yes' is not true or false$"),
        ({**WHOLE, "servers": [7]}, r"^servers\[0\]: 7 is not text$"),
        ({"manager": "yarn", "servers": ["http://h"]}, "is missing$"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(raw, problem):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=problem):
        manager_from_json(raw)


def constants(node):
    return {found.value for found in ast.walk(node) if isinstance(found, ast.Constant)}


def asks_for_a_manager(node):
    """Whether it compares with the name of a manager, with the form of its ids, or with its class."""
    if isinstance(node, ast.Compare | ast.match_case):
        return bool(constants(node.pattern if isinstance(node, ast.match_case) else node) & NAMES)
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr in {"startswith", "endswith", "removeprefix"}:
        return any(isinstance(text, str) and text.startswith(FORMS) for text in constants(node))
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    return called in {"isinstance", "issubclass"} and ast.unparse(node.args[1]) in CLASSES


NAMES = {name for kind in MANAGERS for name in (kind.key, kind.title, kind.__name__)}
FORMS = ("application_", "yarn", "k8s://", "kubernetes")
CLASSES = {kind.__name__ for kind in MANAGERS}
# The managers themselves; and what Spark can parse as a master, which no manager of ours changes.
OWN = {
    "core/cluster/yarn.py",
    "core/cluster/kubernetes.py",
    "core/master.py",
    "core/history/container_size.py",  # of applications that may have run without the guard, by Spark's own rules
}


def test_nobody_asks_which_manager_it_is():
    """What differs is asked of the manager: a further one is one file, and its name in managers.py."""
    asking = {
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in python_files()
        if str(path.relative_to(PACKAGE)) not in OWN
        for node in nodes(path)
        if asks_for_a_manager(node)
    }
    assert asking == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('place.manager == "yarn"', True),
        ('manager in ("yarn", "x")', True),
        ('id.startswith("application_")', True),
        ("isinstance(manager, Kubernetes)", True),
        ('isinstance(value, str) and value == "x"', False),
        ("manager.has_spark_ids", False),
    ],
)
def test_the_look_for_such_questions_finds_them(text, found):
    """In whatever form they stand."""
    assert any(asks_for_a_manager(node) for node in ast.walk(ast.parse(text))) is found
