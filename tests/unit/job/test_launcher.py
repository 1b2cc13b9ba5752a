"""The launcher runs a script as Python would, and says how that went."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_spark_guard.job import launcher, wire
from airflow_spark_guard.process import proctree
from airflow_spark_guard.process.channel import ChannelReader
from tests.support.processes import ROOT, python_main, seconds_until

REPOSITORY = Path(launcher.__file__).parents[2]


def run(tmp_path, code, *arguments, coding="utf-8", **env):
    script = tmp_path / "script.py"
    script.write_bytes(code if isinstance(code, bytes) else code.encode(coding))
    channel = tmp_path / "channel.jsonl"
    channel.touch()
    command, environment = python_main("airflow_spark_guard.job.launcher")
    done = subprocess.run(
        [*command, str(script), *arguments],
        env={**environment, wire.CHANNEL_ENV: str(channel), **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    messages = [json.loads(line) for line in channel.read_text().splitlines() if line]
    return done, {message["kind"]: message for message in messages}


def plain(tmp_path, *arguments):
    """The same script by Python alone."""
    return subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), *arguments], capture_output=True, text=True
    )


def test_a_script_that_ends_says_bye(tmp_path):
    """hello with the pid first."""
    done, said = run(tmp_path, "import os; print(os.getpid())")
    assert done.returncode == 0
    assert list(said) == ["hello", "bye"]
    assert said["hello"]["pid"] == int(done.stdout)


def test_the_script_sees_what_python_would_show_it(tmp_path):
    """Name, file, arguments, path, and no annotations or specs of ours."""
    code = "import sys\nprint(__name__, sys.argv, sys.path[0], __file__, sys.modules['__main__'].__dict__ is globals())\n"
    done, _ = run(tmp_path, code, "--x", "a b")
    assert done.stdout == plain(tmp_path, "--x", "a b").stdout


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.exit(3)",
        "import sys; sys.exit('no input')",
        "import sys; sys.exit(0)",
        "raise SystemExit",
        "def f(): 1/0\nf()",
        "x = (",
        "raise KeyboardInterrupt",
    ],
)
def test_exit_code_and_standard_error_are_pythons_own(tmp_path, code):
    """Whoever reads the output sees no frame of ours."""
    done, _ = run(tmp_path, code)
    expected = plain(tmp_path)
    if code == "raise KeyboardInterrupt":
        assert done.returncode == 1
    else:
        assert done.returncode == expected.returncode
    assert done.stderr == expected.stderr


def test_an_error_is_described_without_our_frames(tmp_path):
    """Type, text, traceback and frames, innermost last."""
    _, said = run(tmp_path, "def f():\n    {}['distance']\nf()\n")
    error = said["error"]
    assert "bye" not in said
    assert (error["category"], error["type"], error["message"]) == ("user", "KeyError", "'distance'")
    assert [(f["line"], f["function"]) for f in error["frames"]] == [(3, "<module>"), (2, "f")]
    assert "launcher" not in error["traceback"]
    assert error["traceback"].startswith("Traceback (most recent call last):\n  File ")


def test_a_huge_error_is_bounded_at_both_ends(tmp_path):
    """The reader takes a megabyte; XCom and logs take less."""
    _, said = run(tmp_path, "raise ValueError('begin' + 'x' * 3_000_000 + 'end')")
    text = said["error"]["traceback"]
    assert len(text) < 17_000
    assert "characters left out" in text
    assert text.endswith("xend")


@pytest.mark.parametrize(
    ("code", "number", "text"), [("sys.exit(3)", 3, ""), ("sys.exit('no input')", 1, "no input")]
)
def test_sys_exit_is_told_apart(tmp_path, code, number, text):
    """It is an end that the author chose."""
    _, said = run(tmp_path, f"import sys\n{code}\n")
    error = said["error"]
    assert (error["category"], error["code"], error["message"]) == ("exit", number, text)
    assert error["frames"][-1]["line"] == 2


def test_a_result_that_cannot_be_reported_is_told_apart(tmp_path):
    """It is neither the user's logic nor Spark's fault."""
    _, said = run(tmp_path, "from airflow_spark_guard.job import report\nreport({1, 2})\n")
    assert said["error"]["category"] == "result"
    assert [f["line"] for f in said["error"]["frames"]] == [2]


AFTER = """\
import threading, time
from concurrent.futures import ThreadPoolExecutor
from airflow_spark_guard.job import report

def export(table):
    time.sleep(2.5)
    report(rows=table)

threading.Thread(target=export, args=(1,), name="alone").start()
ThreadPoolExecutor(2, "pool").submit(export, 2)
"""


def test_threads_that_outlive_the_script_are_named_until_they_end(tmp_path):
    """Python waits for both; its last message takes them back."""
    done, _ = run(tmp_path, AFTER)
    lines = [json.loads(line) for line in (tmp_path / "channel.jsonl").read_text().splitlines() if line]
    kinds = [line["kind"] for line in lines]
    assert done.returncode == 0
    after = [line["threads"] for line in lines[kinds.index("bye") :] if line["kind"] == "progress"]
    assert (after[0], after[-1]) == (["alone", "pool_0"], [])
    assert sorted(line["values"]["rows"] for line in lines if line["kind"] == "metric") == [1, 2]


def test_os_exit_says_nothing(tmp_path):
    """That is how the reader knows."""
    done, said = run(tmp_path, "import os; os._exit(0)")
    assert (done.returncode, list(said)) == (0, ["hello"])


def test_functions_of_the_script_can_still_be_pickled_at_exit(tmp_path):
    """``__main__`` stays the script for threads and exit handlers."""
    code = "import atexit, pickle\ndef f(): return 7\natexit.register(lambda: print(pickle.loads(pickle.dumps(f))()))\n"
    done, _ = run(tmp_path, code)
    assert done.stdout == "7\n"


def test_a_fork_says_nothing_for_its_parent(tmp_path):
    """A child that ends, leaves or raises is not the script."""
    code = (
        "import os, sys\n"
        "for end in (lambda: sys.exit(0), lambda: sys.exit(3), lambda: 1 / 0, lambda: None):\n"
        "    if os.fork() == 0:\n"
        "        end()\n"
        "        break\n"
        "    os.wait()\n"
        "else:\n"
        "    os._exit(0)\n"
    )
    done, said = run(tmp_path, code)
    assert (done.returncode, list(said)) == (0, ["hello"])


def test_the_script_is_compiled_as_python_would(tmp_path):
    """Future imports of ours are not its own: annotations stay what they are."""
    done, _ = run(tmp_path, "def f(x: int): ...\nprint(f.__annotations__)\n")
    assert done.stdout == "{'x': <class 'int'>}\n"


def test_an_exception_hook_of_the_script_is_called(tmp_path):
    """Error trackers live there."""
    done, said = run(tmp_path, "import sys\nsys.excepthook = lambda *e: print('seen', e[0].__name__)\n1/0\n")
    assert done.stdout == "seen ZeroDivisionError\n"
    assert said["error"]["type"] == "ZeroDivisionError"


def test_an_exception_that_cannot_be_printed_is_still_told(tmp_path):
    """Its own __str__ is broken."""
    code = "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd\n"
    _, said = run(tmp_path, code)
    assert (said["error"]["type"], said["error"]["message"]) == ("Odd", "")


def test_a_script_of_another_encoding_is_read(tmp_path):
    """PEP 263."""
    done, _ = run(tmp_path, "# -*- coding: latin-1 -*-\nprint(ascii('\xe4'))\n", coding="latin-1")
    assert done.stdout == "'\\xe4'\n"


def test_sigusr1_writes_the_stacks(tmp_path):
    """Also from inside a call that holds the interpreter lock."""
    stacks = tmp_path / "stacks.txt"
    code = "import os, signal, re, time\nos.kill(os.getpid(), signal.SIGUSR1)\ntime.sleep(0.2)\n"
    done, _ = run(tmp_path, code, SPARK_GUARD_STACKS=str(stacks))
    assert done.returncode == 0
    assert f'File "{tmp_path}/script.py", line 2 in <module>' in stacks.read_text()


def test_it_dies_with_its_parent(tmp_path):
    """A driver's Python in a pure Python loop outlives its JVM otherwise."""
    script = tmp_path / "script.py"
    script.write_text("import os\nprint(os.getpid(), flush=True)\nwhile True: pass\n")
    middle = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import sys; from airflow_spark_guard.job.launcher import main; "
        "main(sys.argv[1:])', sys.argv[1]])\n"
        "import time; time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", middle, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    seconds_until(lambda: (found := proctree.read(pid)) is None or found.state == "Z", 60, "its end")


FULL = """\
import resource
from airflow_spark_guard.job import heartbeat, report
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
report(before=1)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))
for number in range(50):
    report(loss=number)
    heartbeat("goes on", done=number)
"""


def test_a_full_disk_ends_no_job_that_gets_space_again(tmp_path):
    """Metrics and heartbeats are lost, and the log says so; result and end arrive."""
    code = FULL + "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\nreport({'rows': 3})\n"
    script, channel = tmp_path / "script.py", tmp_path / "channel.jsonl"
    script.write_text(code)
    reader = ChannelReader(channel)
    command, environment = python_main("airflow_spark_guard.job.launcher")
    done = subprocess.run(
        [*command, str(script)],
        env={**environment, wire.CHANNEL_ENV: str(channel)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    messages = {message.kind: message.fields for message in reader.read()}
    reader.close()
    assert (done.returncode, messages["result"], messages["bye"]) == (0, {"value": {"rows": 3}}, {})
    assert "could not be written" in messages["warning"]["text"] or "cut off" in messages["warning"]["text"]
    assert done.stderr.count("spark-guard: The attempt's channel") == 1


def test_an_end_that_cannot_be_written_is_no_success(tmp_path):
    """The exit code and the last line say why."""
    done, _ = run(tmp_path, FULL.replace("(200, hard)", "(0, hard)"))
    assert done.returncode == 1
    assert "The bye message could not be written to the attempt's channel: File too large" in done.stderr


# Puts a module in the place of the instruments' own, which are tested for themselves.
STANDIN = """\
import sys, types
module = types.ModuleType("airflow_spark_guard.job.instruments.launching")
exec({code!r}, module.__dict__)
sys.modules[module.__name__] = module
"""


@pytest.fixture
def with_instruments(tmp_path):
    """Runs a script with this code as the instruments'."""

    def started(code, level, script="print('ran')"):
        folder = tmp_path / "standin"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(STANDIN.format(code=code))
        path = os.pathsep.join([str(folder), str(ROOT)])
        return run(tmp_path, script, PYTHONPATH=path, SPARK_GUARD_VERBOSITY=level)

    return started


STARTS = """\
def start_from_environment():
    from airflow_spark_guard.job.wire import open_channel
    open_channel().send("instrument", what="closure", name="f", values={}, line="", warning="")
"""


@pytest.mark.parametrize(
    ("level", "starts"), [("1", True), (" 3 ", True), ("0", False), ("", False), (" ", False)]
)
def test_the_instruments_start_before_the_script_if_they_are_asked_for(with_instruments, level, starts):
    """No line of the job is changed."""
    done, said = with_instruments(STARTS, level)
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert list(said) == (["hello", "instrument", "bye"] if starts else ["hello", "bye"])


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def start_from_environment():\n    1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def start_from_environment():\n    raise SystemExit('no')\n", "SystemExit: no"),
        ("", "ImportError: cannot import name 'start_from_environment'"),
    ],
)
def test_instruments_that_cannot_start_are_a_warning(with_instruments, code, why):
    """The job runs as if it had none."""
    done, said = with_instruments(code, "2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")
    assert list(said) == ["hello", "warning", "bye"]
    assert said["warning"]["text"].startswith(f"The instruments do not run: {why}")
