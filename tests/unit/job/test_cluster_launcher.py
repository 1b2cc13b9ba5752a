import json
import os
import subprocess
import sys

import pytest

from airflow_spark_guard.job.cluster_launcher import script_path, writer_name
from airflow_spark_guard.process.workspace import Workspace


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("job.py", "job.py"),
        ("s3a://bucket/dir/job.py", "job.py"),
        ("/here/job.py", "job.py"),
        ("local:///opt/job.py", "/opt/job.py"),
    ],
)
def test_a_script_was_shipped_or_is_in_the_image(given, path):
    """Shipped files lie in the working directory."""
    assert script_path(given) == path


def test_of_two_drivers_the_later_one_sorts_last():
    """YARN may start a second one."""
    assert writer_name(1.0, 99999) < writer_name(2.0, 1)
    assert writer_name(1795220516.234, 17) == "1795220516234-17"


@pytest.fixture
def launched(tmp_path):
    """Runs a script as a driver of a cluster would: from the zip, by the main program."""
    workspace = Workspace("test-of-cluster-launcher")
    workspace.write_cluster_main()
    temporary = tmp_path / "tmp"
    temporary.mkdir()

    def run(text, *arguments, script="job.py", **env):
        (tmp_path / "job.py").write_text(text)
        done = subprocess.run(
            [sys.executable, str(workspace.cluster_main), script, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(workspace.job_zip), "TMPDIR": str(temporary), **env},
            capture_output=True,
            text=True,
        )
        assert list(temporary.iterdir()) == []
        files = sorted((tmp_path / "out").rglob("*.jsonl"))
        return done, [json.loads(line) for file in files for line in file.read_text().splitlines() if line]

    yield run
    workspace.remove()


def test_what_the_script_says_reaches_the_directory(launched, tmp_path):
    """Hello, result, bye; and its output is its own."""
    text = (
        "import sys\nfrom airflow_spark_guard.job import report\n"
        "report({'words': sys.argv[1:]})\nprint('printed', __name__)"
    )
    done, messages = launched(text, "a", "b", SPARK_GUARD_CHANNEL_DIRECTORY=str(tmp_path / "out"))
    assert (done.returncode, done.stdout) == (0, "printed __main__\n")
    kinds = [message["kind"] for message in messages]
    assert (kinds[0], kinds[-2:]) == ("hello", ["result", "bye"])
    assert messages[-2]["value"] == {"words": ["a", "b"]}


def test_what_threads_report_after_the_script_reaches_the_directory(launched, tmp_path):
    """The closing message at the script's end, and theirs when Python exits."""
    text = (
        "import threading, time\nfrom airflow_spark_guard.job import report\n"
        "def late():\n    time.sleep(1.5)\n    report({'late': 1})\n"
        "threading.Thread(target=late, name='export').start()"
    )
    done, messages = launched(text, SPARK_GUARD_CHANNEL_DIRECTORY=str(tmp_path / "out"))
    assert done.returncode == 0
    kinds = [message["kind"] for message in messages]
    assert kinds.index("bye") < kinds.index("result")
    assert len(list((tmp_path / "out").iterdir())) > 1


@pytest.mark.parametrize(
    ("text", "code", "category"),
    [("raise ValueError('x')", 1, "user"), ("import sys; sys.exit(3)", 3, "exit")],
)
def test_an_error_is_the_last_word(launched, tmp_path, text, code, category):
    """With the exit code that Python itself would give."""
    done, messages = launched(text, SPARK_GUARD_CHANNEL_DIRECTORY=f"file://{tmp_path / 'out'}")
    assert done.returncode == code
    assert (messages[-1]["kind"], messages[-1]["category"]) == ("error", category)


def test_a_fork_that_ends_carries_nothing(launched, tmp_path):
    """The parent's end is the job's."""
    text = "import os, sys\nif os.fork() == 0:\n    sys.exit(0)\nos.wait()"
    done, messages = launched(text, SPARK_GUARD_CHANNEL_DIRECTORY=str(tmp_path / "out"))
    assert done.returncode == 0
    assert [message["kind"] for message in messages].count("bye") == 1


def test_a_directory_that_cannot_be_written_does_not_fail_the_job(launched, tmp_path):
    """The driver's log says what is missing."""
    (tmp_path / "out").touch()
    text = "from airflow_spark_guard.job import carrier\ncarrier.BETWEEN_TRIES = 0.01\nprint('done')"
    done, messages = launched(text, SPARK_GUARD_CHANNEL_DIRECTORY=str(tmp_path / "out"))
    assert (done.returncode, done.stdout, messages) == (0, "done\n", [])
    assert "the channel directory cannot be written" in done.stderr


def test_without_a_directory_the_script_just_runs(launched):
    """Nothing is said to anybody."""
    done, messages = launched("print('done')")
    assert (done.returncode, done.stdout, messages) == (0, "done\n", [])


def test_a_script_that_did_not_come_along_says_where_it_was_looked_for(launched, tmp_path):
    """In the driver's log."""
    done, _ = launched("", script="other.py", SPARK_GUARD_CHANNEL_DIRECTORY=str(tmp_path / "out"))
    assert done.returncode == 1
    assert "script other.py not found in" in done.stderr
