"""What a client's exceptions mean; those of TLS and of real sockets are in tests/unit/hooks/test_spark_monitor.py."""

from __future__ import annotations

import socket
import ssl
from itertools import pairwise

import pytest

from airflow_spark_guard.core.web.http_errors import no_answer


def caused(*chain):
    """The first of these, raised from the second, and so on."""
    for outer, inner in pairwise(chain):
        outer.__cause__ = inner
    return chain[0]


def certificate(code, message):
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the name of h:4040 cannot be resolved"),
        (ConnectionRefusedError(111, "refused"), "h:4040 refused the connection"),
        (ConnectionResetError(104, "reset"), "h:4040 closed the connection without an answer"),
        (TimeoutError(), "h:4040 did not respond for 2.5 s"),
        (certificate(62, "Hostname mismatch"), "the certificate of h:4040 is for another name: Hostname mismatch"),
        (certificate(64, "IP address mismatch"), "the certificate of h:4040 is for another name: IP address mismatch"),
        (certificate(10, "certificate has expired"), "the certificate of h:4040 has expired"),
        (certificate(18, "self-signed certificate"), "the certificate of h:4040 is not trusted: self-signed certificate"),
        (ssl.SSLError(1, "wrong version number"), "TLS with h:4040 failed: "),
        (ExceptionGroup("both", [ConnectionRefusedError(), OSError()]), "h:4040 refused the connection"),
    ],
)  # fmt: skip
def test_the_cause_is_named_however_deep_it_stands(error, text):
    """With what to do about it; the client's own words say less."""
    for wrapped in (error, caused(ValueError("failed"), OSError("All attempts failed"), error)):
        found = no_answer(wrapped, "http://ann:s3cret@h:4040/api", 2.5)
        assert str(found).startswith(f"no answer: {text}")
        assert found.advice
        assert "s3cret" not in str(found)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (caused(ValueError("All attempts failed"), OSError(101, "unreachable")), "[Errno 101] unreachable"),
        (ValueError("token=abc \x1b[2J"), "token=****** [2J"),
        (ValueError(), "ValueError"),
        (ValueError("x" * 900), "x" * 200),
    ],
)
def test_anything_else_is_said_in_its_own_words(error, text):
    """Bounded, and fit to be shown."""
    assert str(no_answer(error, "no address at all", 1.0)) == f"no answer: {text}"


def test_causes_that_go_round_are_followed_for_a_while():
    """As an exception that is raised again from one of its own can have them."""
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert str(no_answer(first, "http://[broken", 1.0)) == "no answer: a"
