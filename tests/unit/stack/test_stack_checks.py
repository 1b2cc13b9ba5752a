"""What is wrong with a machine is said before anything starts."""

from __future__ import annotations

import os
import re
import socket

import pytest

from tools.stack.__main__ import main
from tools.stack.checks import (
    DEFAULTS,
    StackError,
    check_dags,
    check_memory,
    check_ports,
    compose_command,
    settings,
)


def test_the_environment_wins_over_the_file_and_that_over_the_defaults(tmp_path):
    """As compose reads ``.env``; an empty value is none, and folders are told in full."""
    (tmp_path / ".env").write_text(
        "# ports\nAIRFLOW_PORT=8081\nexport SPARK_HISTORY_PORT='18081' # mine\nSTACK_SECRETS=\n"
    )
    found = settings(tmp_path, {"AIRFLOW_PORT": "8082", "SPARK_MASTER_UI_PORT": "", "HOME": "/x"})
    assert found["AIRFLOW_PORT"] == "8082"
    assert found["SPARK_HISTORY_PORT"] == "18081"
    assert found["SPARK_MASTER_UI_PORT"] == DEFAULTS["SPARK_MASTER_UI_PORT"]
    assert found["STACK_SECRETS"] == str(tmp_path / "docker" / "secrets")
    assert found["AIRFLOW_BASE_URL"] == "http://127.0.0.1:8082"
    assert found["SPARK_HISTORY_URL"] == "http://127.0.0.1:18081"
    assert settings(tmp_path, {"SPARK_HISTORY_URL": ""})["SPARK_HISTORY_URL"] == ""
    assert settings(tmp_path, {"AIRFLOW_DAGS": "/dags"})["AIRFLOW_DAGS"] == "/dags"


def test_compose_is_v2_else_v1_else_an_error(commands):
    """A docker without the plug-in is no compose."""
    with pytest.raises(StackError, match=r"(?s)There is no Docker Compose\..*apt-get install docker\.io"):
        compose_command(dict(os.environ))
    commands("docker", '[ "$1" = info ]')
    with pytest.raises(StackError, match="There is no Docker Compose"):
        compose_command(dict(os.environ))
    commands("docker-compose", "exit 0")
    assert compose_command(dict(os.environ)) == ["docker-compose"]
    commands("docker", "exit 0")
    assert compose_command(dict(os.environ)) == ["docker", "compose"]


def test_compose_without_its_client_is_no_traceback(commands):
    """The client says what runs, and how much memory there is."""
    commands("docker-compose", "exit 0")
    with pytest.raises(StackError, match="There is no command 'docker'"):
        compose_command(dict(os.environ))


def test_a_setting_by_another_variable_is_refused(tmp_path):
    """Its checks would look at another port than compose opens; what is not ours is left alone."""
    file = tmp_path / ".env"
    file.write_text("BASE=8\nAIRFLOW_PORT=${BASE}081\n")
    with pytest.raises(StackError, match=r"AIRFLOW_PORT in \.env refers.*\n  got: \$\{BASE\}081\n"):
        settings(tmp_path, {})
    file.write_text("AIRFLOW_BASE_URL='http://a/$x'\nOTHER=$BASE\n")
    assert settings(tmp_path, {})["AIRFLOW_BASE_URL"] == "http://a/$x"


def test_an_engine_that_does_not_answer_is_told_in_its_own_words(commands):
    """Not running, or not for this user."""
    commands("docker", '[ "$1" = compose ] && exit 0; echo "permission denied while connecting" >&2; exit 1')
    with pytest.raises(
        StackError, match=r"No Docker engine answers\.\n  got: permission denied while connecting\n"
    ):
        compose_command(dict(os.environ))


def test_a_taken_port_is_named_with_its_variable():
    """All of them at once, with a line that can be copied."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackError) as caught:
            check_ports({"AIRFLOW_PORT": str(port)})
        check_ports({"AIRFLOW_PORT": str(port)}, frozenset({str(port)}))  # our own containers hold it
    better = int(re.search(r"do: AIRFLOW_PORT=(\d+) ", str(caught.value))[1])
    assert better > port
    assert str(caught.value) == (
        f"A port is taken.\n  got: 127.0.0.1:{port} (AIRFLOW_PORT)\n  expected: free ports, each once\n"
        f"  do: AIRFLOW_PORT={better} make stack-up, or the same lines in .env"
    )
    check_ports({"AIRFLOW_PORT": str(port)})


def test_two_variables_cannot_have_one_port():
    """The advice is two ports that are free, and not those of the others."""
    ports = {"AIRFLOW_PORT": "8090", "SPARK_MASTER_UI_PORT": "8090", "SPARK_HISTORY_PORT": "8091"}
    with pytest.raises(
        StackError, match=r"\(AIRFLOW_PORT\), 127\.0\.0\.1:8090 \(SPARK_MASTER_UI_PORT\)"
    ) as caught:
        check_ports(ports)
    advised = re.findall(r"[A-Z_]+_PORT=(\d+)", str(caught.value))
    assert len(set(advised)) == 2
    assert not {"8090", "8091"} & set(advised)


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1"])
def test_what_is_no_port_is_said(port):
    """Compose's own words for it are hard to understand."""
    with pytest.raises(StackError, match=r"AIRFLOW_PORT is no port\."):
        check_ports({"AIRFLOW_PORT": port})


def test_too_little_memory_says_how_much_is_needed(commands):
    """Of the engine's machine; an engine that does not tell is believed."""
    commands("docker", "echo 2147483648")
    with pytest.raises(
        StackError, match=r"There is too little memory\.\n  got: 2\.0 GiB in all\n  expected: 4\.6 GiB"
    ):
        check_memory("all")
    commands("docker", f"echo {int(4.8 * 1024**3)}")  # what a machine of 5 GiB tells
    check_memory("all")
    commands("docker", "exit 1")
    check_memory("all")


def test_dags_must_be_readable_by_the_containers_user(tmp_path):
    """Who is nobody on this machine."""
    folder = tmp_path / "dags"
    with pytest.raises(StackError, match=r"There is no folder of DAGs\."):
        check_dags(folder)
    folder.mkdir(mode=0o750)
    with pytest.raises(
        StackError,
        match=r"The DAGs cannot be read in the containers.*\n  got: .*: mode 0750\n.*\n  do: chmod -R",
    ):
        check_dags(folder)
    folder.chmod(0o755)
    check_dags(folder)
    (folder / "mine.py").touch(mode=0o600)
    with pytest.raises(StackError, match=r"got: .*/mine\.py: mode 0600"):
        check_dags(folder)


def test_the_command_says_what_is_wrong_and_ends_with_one(commands, capsys):
    """``make stack-up`` on a machine without Docker."""
    assert main(["up"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("There is no Docker Compose.\n  got: ")
