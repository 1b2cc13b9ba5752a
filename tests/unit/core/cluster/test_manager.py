"""What all managers have in common, on one that has nothing of its own."""

import pytest

from airflow_spark_guard.core.cluster.manager import ClusterManager, ClusterSecrets, Settings, is_url
from airflow_spark_guard.core.web.access import Access
from tests.support.dialogue import play
from tests.support.machine import FakeMachine


class Plain(ClusterManager):
    key, title = "plain", "Plain"

    @classmethod
    def recognises(cls, master):
        return master == "plain"

    @classmethod
    def of(cls, settings):
        return cls((settings.master,))

    def status(self, application_id):
        raise NotImplementedError

    def find(self, mark, value):
        raise NotImplementedError

    def kill(self, application_id):
        raise NotImplementedError

    def submit_conf(self, values, marks, environment):
        raise NotImplementedError


PLAIN = Plain(("http://h",))
MACHINE = FakeMachine()


def test_what_a_manager_does_not_say_is_the_usual():
    """No logs, no id before or in the output, nothing that hinders files, nothing of upstream's Kerberos."""
    assert play(PLAIN.log_tail("a"), None) == ""
    assert (PLAIN.known_id({}), PLAIN.printed_id(b"a"), PLAIN.cannot_ship({})) == ("", "", "")
    assert (PLAIN.has_spark_ids, PLAIN.takes_kerberos) == (False, False)


def test_the_connection_goes_first():
    """A token, then login and password, then Kerberos, then what the manager has of its own."""
    negotiating = Plain(("http://h",), kerberos=True)
    for manager in (PLAIN, negotiating):
        assert manager.access(ClusterSecrets("a", "b", "t"), MACHINE) == Access.bearer("t")
        assert manager.access(ClusterSecrets("a", "b"), MACHINE) == Access.basic("a", "b")
    assert negotiating.access(ClusterSecrets("a"), MACHINE) == Access(negotiate=MACHINE.kerberos_token)
    assert PLAIN.access(ClusterSecrets("a"), MACHINE) == Access()


@pytest.mark.parametrize(
    ("fields", "tls"),
    [({}, True), ({"ca_file": "/c"}, "/c"), ({"verify": False}, False), ({"ca_file": "/c", "verify": False}, False)],
)  # fmt: skip
def test_certificates_are_checked_unless_somebody_says_otherwise(fields, tls):
    """Also where a token is sent."""
    manager = Plain(("http://h",), **fields)
    assert manager.tls == tls
    for secrets in (ClusterSecrets(), ClusterSecrets("a", "b"), ClusterSecrets(token="t")):
        assert manager.access(secrets, MACHINE).verify == tls


def test_no_secret_is_in_a_representation():
    """It may end in a log."""
    assert "geheim" not in repr(ClusterSecrets("a", "geheim", "geheim"))


def test_what_airflow_stores_names_the_manager():
    """And is plain JSON."""
    assert PLAIN.to_json() == {
        "manager": "plain", "servers": ["http://h"], "ca_file": "", "verify": True, "kerberos": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("extra", "verify"),
    [({}, True), ({"cluster_verify": "Off "}, False), ({"cluster_verify": False}, False), ({"cluster_verify": 1}, True)],
)  # fmt: skip
def test_an_extra_may_be_of_any_type_of_json(extra, verify):
    """What is no text counts as none."""
    settings = Settings("plain", {**extra, "a": 7, "b": "x"}, {})
    assert (settings.verify, settings.text("a"), settings.text("b"), settings.text("c")) == (
        verify,
        "",
        "x",
        "",
    )


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("http://h", True),
        ("https://h:1/x", True),
        ("ftp://h", False),
        ("http://", False),
        ("http://h:x", False),
    ],
)
def test_an_address_has_a_host(url, good):
    """Of the web."""
    assert is_url(url) is good
