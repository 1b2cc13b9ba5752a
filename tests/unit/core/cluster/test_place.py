import json

import pytest

from airflow_spark_guard.core.cluster.place import ClusterPlace, cluster_place, is_watched
from airflow_spark_guard.core.errors import BadInputError

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
    assert cluster_place("yarn", {RM: given}, {}).servers == servers


@pytest.mark.parametrize("given", [None, "", " , ", "ftp://rm", "http://", "http://rm:x", []])
def test_without_an_address_nothing_is_submitted(given):
    """It could be neither watched nor ended."""
    with pytest.raises(BadInputError, match="needs the address of the ResourceManager"):
        cluster_place("yarn", {RM: given}, {})


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
    assert cluster_place(master, {}, {}).servers == (server,)


def test_a_master_that_names_none_is_refused():
    """Before anything is submitted."""
    with pytest.raises(BadInputError, match="names no Kubernetes API server"):
        cluster_place("k8s://", {}, {})


def test_the_namespace_is_the_one_that_spark_uses():
    """By the connection, by the configuration, or the default."""
    conf = {"spark.kubernetes.namespace": "by-conf"}
    master = "k8s://https://h"
    assert cluster_place(master, {}, conf, namespace="by-connection").namespace == "by-connection"
    assert cluster_place(master, {}, conf).namespace == "by-conf"
    assert cluster_place(master, {}, {}).namespace == "default"


def test_sparks_own_settings_say_how_to_get_in():
    """The connection's extras go first."""
    prefix = "spark.kubernetes.authenticate.submission"
    conf = {
        f"{prefix}.oauthTokenFile": "/t",
        f"{prefix}.caCertFile": "/c",
        "spark.kubernetes.driver.podTemplateContainerName": "mine",
    }
    place = cluster_place("k8s://https://h", {}, conf)
    assert (place.token_file, place.ca_file, place.container) == ("/t", "/c", "mine")
    extra = {
        "kubernetes_token_file": "/t2",
        "cluster_ca_file": "/c2",
        "kubeconfig": "/k",
        "cluster_verify": "no",
    }
    place = cluster_place("k8s://https://h", extra, conf)
    assert (place.token_file, place.ca_file, place.kubeconfig, place.verify) == ("/t2", "/c2", "/k", False)


def test_a_place_survives_json():
    """It is stored while the task is deferred, and holds no secret."""
    place = cluster_place("yarn", {RM: "rm:8088", "cluster_token": "geheim"}, {}, user="airflow")
    stored = json.dumps(place.to_json())
    assert ClusterPlace.from_json(json.loads(stored)) == place
    assert "geheim" not in stored


def test_a_place_of_an_older_version_has_no_kerberos():
    """A trigger's arguments may have been stored before."""
    stored = ClusterPlace("yarn", ("http://rm:8088",), kerberos=True).to_json()
    assert ClusterPlace.from_json(stored).kerberos
    del stored["kerberos"]
    assert not ClusterPlace.from_json(stored).kerberos
