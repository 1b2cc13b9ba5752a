import base64

import pytest

from airflow_spark_guard.core.cluster.kubeconfig import kubeconfig_access, read_token, usual_access
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.web.access import Access
from tests.support.machine import FakeMachine

SERVER = "https://h:6443"
USUAL = "/of-the-user/.kube/config"


def config(user, **cluster):
    return {
        "current-context": "here",
        "contexts": [{"name": "there", "context": {}}, {"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"{SERVER}/", **cluster}}],
        "users": [{"name": "u", "user": user}],
    }  # fmt: skip


def access(user, *, tls=True, files=None, **cluster):
    machine = FakeMachine({"/k/config": config(user, **cluster), **(files or {})})
    return kubeconfig_access(machine, "/k/config", tls)


def test_a_token_stands_in_the_file_or_in_one_beside_it():
    """Of the current context."""
    assert access({"token": "x"}) == Access.bearer("x")
    assert access({"tokenFile": "t"}, files={"/k/t": "y\n"}) == Access.bearer("y")
    assert access({}) == Access()


def test_its_certificates_count_where_no_others_are_named():
    """As a file beside it, inside it, or not checked."""
    data = base64.b64encode(b"CERTIFICATE").decode()
    assert access({}, **{"certificate-authority": "ca.pem"}).verify == "/k/ca.pem"
    assert access({}, **{"certificate-authority-data": data}).verify == "/memory/1"
    assert access({}, **{"insecure-skip-tls-verify": True}).verify is False
    for tls in ("/mine", False):
        assert access({}, tls=tls, **{"certificate-authority": "ca.pem"}).verify == tls


def test_a_login_by_other_means_is_refused():
    """No program of somebody's is started."""
    with pytest.raises(BadInputError, match="a login by client-certificate, exec"):
        access({"exec": {}, "client-certificate": "c"})


@pytest.mark.parametrize("content", [None, 7, {"contexts": 3}, {"contexts": [7]}])
def test_what_is_no_kubeconfig_is_named(content):
    """With its path."""
    machine = FakeMachine({"/k/config": content})
    with pytest.raises(BadInputError, match="The kubeconfig cannot be used") as caught:
        kubeconfig_access(machine, "/k/config", tls=True)
    assert "/k/config: " in caught.value.got


def test_the_kind_of_an_unreadable_file_is_named():
    """Not the wrapping of it."""
    with pytest.raises(BadInputError) as caught:
        kubeconfig_access(FakeMachine(), "/k/config", tls=True)
    assert caught.value.got == "/k/config: FileNotFoundError"
    with pytest.raises(BadInputError, match="The token for the Kubernetes API server cannot be read"):
        read_token(FakeMachine(), "~/t")


def test_the_usual_file_counts_only_for_its_own_server():
    """By the variable, else in the home folder; a token of one cluster is not shown to another."""
    assert usual_access(FakeMachine(), [SERVER], tls=True) == Access()
    machine = FakeMachine({USUAL: config({"token": "x"})})
    assert usual_access(machine, [SERVER], tls=True) == Access.bearer("x")
    assert usual_access(machine, ["https://another"], tls=True) == Access()
    machine = FakeMachine({"/a": config({"token": "y"}), "/b": 7}, {"KUBECONFIG": "/a:/b"})
    assert usual_access(machine, [SERVER], tls="/mine") == Access.bearer("y", verify="/mine")
