"""Who listens where."""

from __future__ import annotations

import os
import socket

import pytest

from airflow_spark_guard.process.listening import listens


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_listening_process_is_known_by_its_port(family, address):
    """Not one that is only connected to it."""
    try:
        server = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip("this host has no such address")
    with server:
        port = server.getsockname()[1]
        assert listens(os.getpid(), port)
        assert not listens(os.getppid(), port)
        with socket.create_connection((address, port)) as client:
            assert not listens(os.getpid(), client.getsockname()[1])
    assert not listens(os.getpid(), port)


def test_a_process_that_is_gone_listens_nowhere():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not listens(2**30, server.getsockname()[1])
