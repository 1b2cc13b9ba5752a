import base64
from pathlib import Path

import pytest
import yaml

from airflow_spark_guard.core.cluster import kubernetes
from airflow_spark_guard.core.cluster.kubernetes import Kubernetes
from airflow_spark_guard.core.cluster.manager import ClusterSecrets
from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.sources.cluster_access import THIS_MACHINE, cluster_access

SERVER = "https://api.example.com:6443"


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch, tmp_path):
    """No pod's account, no kubeconfig of whoever runs the tests."""
    monkeypatch.setattr(kubernetes, "SERVICE_ACCOUNT", str(tmp_path / "account"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))


def place(**fields):
    return Kubernetes((SERVER,), **fields)


def kubeconfig(path, user, server=SERVER, **cluster):
    config = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(yaml.safe_dump(config))
    return str(path)


@pytest.mark.parametrize("manager", [Yarn, Kubernetes])
def test_the_connection_goes_first(manager):
    """A token, then login and password."""
    where = manager((SERVER,))
    assert cluster_access(where, ClusterSecrets("a", "b", "t")) == Access.bearer("t")
    assert cluster_access(where, ClusterSecrets("a", "b")) == Access.basic("a", "b")
    assert cluster_access(where, ClusterSecrets("a")) == Access()


def test_a_token_file_is_read_each_time(tmp_path):
    """It is renewed under the same name."""
    file = tmp_path / "token"
    for token in ("first\n", "second\n"):
        file.write_text(token)
        found = cluster_access(place(token_file=str(file)), ClusterSecrets())
        assert found == Access.bearer(token.strip())


def test_a_token_file_that_cannot_be_read_is_named(tmp_path):
    """Before anything is submitted."""
    with pytest.raises(BadInputError, match="The token for the Kubernetes API server cannot be read"):
        cluster_access(place(token_file=str(tmp_path / "nowhere")), ClusterSecrets())


def test_in_a_pod_its_own_account_is_used(tmp_path):
    """With the cluster's own certificates."""
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("of the pod")
    (account / "ca.crt").touch()
    assert cluster_access(place(), ClusterSecrets()) == Access.bearer(
        "of the pod", verify=str(account / "ca.crt")
    )
    assert cluster_access(place(ca_file="/mine"), ClusterSecrets()) == Access.bearer(
        "of the pod", verify="/mine"
    )
    assert cluster_access(place(verify=False), ClusterSecrets()) == Access.bearer("of the pod", verify=False)


def test_a_kubeconfig_gives_token_and_certificates(tmp_path):
    """As file names beside it, or inside it."""
    (tmp_path / "t").write_text("of a file")
    data = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
    named = kubeconfig(tmp_path / "a", {"token": "x"}, **{"certificate-authority": "ca.pem"})
    inside = kubeconfig(tmp_path / "b", {"tokenFile": "t"}, **{"certificate-authority-data": data})
    found = cluster_access(place(kubeconfig=named), ClusterSecrets())
    assert found == Access.bearer("x", verify=str(tmp_path / "ca.pem"))
    found = cluster_access(place(kubeconfig=inside), ClusterSecrets())
    assert found.headers == {"Authorization": "Bearer of a file"}
    assert Path(found.verify).read_bytes() == b"-----BEGIN CERTIFICATE-----"
    assert cluster_access(place(kubeconfig=inside), ClusterSecrets()) == found
    unchecked = kubeconfig(tmp_path / "c", {"token": "x"}, **{"insecure-skip-tls-verify": True})
    assert cluster_access(place(kubeconfig=unchecked), ClusterSecrets()).verify is False


@pytest.mark.parametrize(
    "user", [{"exec": {"command": "aws"}}, {"client-certificate": "c", "client-key": "k"}]
)
def test_a_login_by_other_means_says_what_to_do(tmp_path, user):
    """A program of somebody's is not started by a trigger."""
    with pytest.raises(BadInputError, match=r"a login by\s+(exec|client-certificate, client-key)"):
        cluster_access(place(kubeconfig=kubeconfig(tmp_path / "k", user)), ClusterSecrets())


@pytest.mark.parametrize("text", ["[", "7", "contexts: 3\ncurrent-context: x"])
def test_a_kubeconfig_that_is_none_is_named(tmp_path, text):
    """It was named by somebody."""
    (tmp_path / "k").write_text(text)
    with pytest.raises(BadInputError, match="The kubeconfig cannot be used"):
        cluster_access(place(kubeconfig=str(tmp_path / "k")), ClusterSecrets())


def test_the_usual_kubeconfig_counts_only_for_its_own_server(tmp_path, monkeypatch):
    """A token of one cluster is not shown to another."""
    monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path / "k", {"token": "x"}))
    assert cluster_access(place(), ClusterSecrets()) == Access.bearer("x")
    kubeconfig(tmp_path / "k", {"token": "x"}, server="https://another")
    assert cluster_access(place(), ClusterSecrets()) == Access()
    kubeconfig(tmp_path / "k", {})
    assert cluster_access(place(), ClusterSecrets()) == Access()


def test_yarn_may_ask_for_a_kerberos_token_where_nothing_else_is_given():
    """Upstream's sign is a keytab with a principal; a token or a password of the connection goes first."""
    where = Yarn(("http://rm:8088",), kerberos=True)
    assert cluster_access(where, ClusterSecrets("a")).negotiate == THIS_MACHINE.kerberos_token
    assert cluster_access(where, ClusterSecrets("a", "b")) == Access.basic("a", "b")
    assert cluster_access(where, ClusterSecrets(token="t")) == Access.bearer("t")
    assert cluster_access(Yarn(("http://rm:8088",)), ClusterSecrets()).negotiate is None
