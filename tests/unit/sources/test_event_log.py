"""An event log, read from wherever it is."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.core.history.replay import LogReplay
from airflow_spark_guard.core.limits import GuardLimits
from airflow_spark_guard.core.verdict import Verdict
from airflow_spark_guard.sources.event_log import read_event_log, read_zip
from tests.support.event_logs import START, line, small_log, written
from tests.support.paths import ROOT

LACKING = "The log lacks the ends of 2 of 3 tasks in stages that succeeded: the figures of these stages are too low."
LOGS = ROOT / "tests" / "data" / "event_logs"


@pytest.mark.parametrize(("version", "jobs", "executions"), [("3.3.4", 4, 2), ("4.3.0", 3, 1)])
def test_a_log_of_spark(version, jobs, executions):
    """Shortened to a few jobs, one of which failed."""
    history = read_event_log(LOGS / f"spark-{version}")
    assert (history.spark_version, len(history.jobs), len(history.executions)) == (version, jobs, executions)
    assert history.missing == ()
    assert history.conf["spark.my.password"] == "******"
    assert [bool(job.failure) for job in history.jobs] == [False] * (jobs - 1) + [True]
    assert all(stage.call.split(":")[0] == "collect at /srv/job.py" for stage in history.stages)
    assert all(stage.run_s > 0 for stage in history.stages)
    assert history.stages[-1].failed > 0
    assert any(node.metrics for node in history.executions[0].nodes)
    assert history.executors[0].id == "driver"
    assert len(history.samples) > 5


def test_figures_of_a_log_are_those_of_sparks_own_ui():
    """Of the second stage with a Python UDF, as the history server of Spark 4.3 shows them."""
    stage = read_event_log(LOGS / "spark-4.3.0").stages[0]
    assert (stage.tasks, stage.done, stage.input_records) == (8, 8, 200_000)
    assert stage.shuffle_write_bytes == 472


def test_an_application_that_runs_is_read_as_far_as_its_log_goes(tmp_path):
    """The last line is cut, as it often is."""
    log = tmp_path / "app-1.inprogress"
    log.write_bytes(b"\n".join(small_log()[:8]) + b'\n{"Event":"SparkListenerTaskE')
    history = read_event_log(log)
    assert history.stages[0].done == 2
    assert history.missing == (
        "app-1.inprogress: the last line is cut.",
        "The log has no end: the application is still running, or its driver was killed or lost the log.",
    )


def test_a_last_line_without_its_end_is_whole_if_it_can_be_read(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"\n".join(small_log()))
    assert read_event_log(log).missing == ()


def test_damaged_lines_are_counted(tmp_path):
    lines = small_log()
    lines[6] = lines[6][:100]
    lines[7] = b"\xff\xfe"
    history = read_event_log(written(tmp_path / "log", [*lines[:5], b"", *lines[5:]]))
    assert history.stages[0].done == 1
    assert history.missing == (
        "2 lines cannot be read: 1 x SparkListenerTaskEnd, 1 x no event.",
        LACKING,
    )


def test_a_rolling_log_is_read_in_order(tmp_path):
    """Its newest file may still be empty."""
    folder = tmp_path / "eventlog_v2_app-1"
    folder.mkdir()
    lines = small_log()
    written(folder / "events_2_app-1", lines[5:])
    (folder / "events_1_app-1.gz").write_bytes(gzip.compress(b"\n".join(lines[:5]) + b"\n"))
    (folder / "events_3_app-1").touch()
    (folder / "appstatus_app-1").touch()
    history = read_event_log(folder)
    assert (history.stages[0].done, history.missing) == (3, ())
    assert read_event_log(tmp_path) == history


def test_a_compressed_log_that_is_cut(tmp_path):
    log = tmp_path / "app-1.gz"
    log.write_bytes(gzip.compress(b"\n".join(small_log(200)))[:-200])
    history = read_event_log(log)
    assert 0 < history.stages[0].done <= 200
    assert history.missing[0] == "app-1.gz: The compressed data ends in the middle."


def test_a_zip_of_a_history_server(tmp_path):
    """With the logs of two attempts: the last one counts."""
    log = tmp_path / "logs.zip"
    with zipfile.ZipFile(log, "w") as archive:
        archive.writestr("app_1", b"\n".join(small_log(1)))
        archive.writestr("eventlog_v2_app_2/", "")
        archive.writestr("eventlog_v2_app_2/events_1_app_2", b"\n".join(small_log(2)))
        archive.writestr("eventlog_v2_app_2/appstatus_app_2", "")
    assert read_event_log(log).stages[0].done == 2


def test_any_path_that_opens_and_lists_will_do():
    """Airflow's ObjectStoragePath and UPath are given by the caller."""
    upath = pytest.importorskip("upath")
    place = upath.UPath("memory://logs/app-1")
    place.write_bytes(b"\n".join(small_log()))
    assert read_event_log(place).stages[0].done == 3
    assert read_event_log(place.parent).stages[0].done == 3


def test_the_watchdog_can_watch(tmp_path):
    replay = LogReplay(GuardLimits())
    read_event_log(written(tmp_path / "log", small_log()), watcher=replay)
    found = replay.replayed()
    assert (found.acted, found.looks > 0) == ((), True)


def test_an_application_that_still_runs_is_watched_until_now(tmp_path):
    """Its last task began in the third second, and has not ended an hour later."""
    task = {"Task ID": 9, "Launch Time": START + 3000, "Executor ID": "1"}
    log = written(
        tmp_path / "log", [*small_log()[:7], line("SparkListenerTaskStart", Stage_ID=0, Task_Info=task)]
    )
    watched = []
    for until in (None, START / 1000 + 3600):
        replay = LogReplay(GuardLimits())
        read_event_log(log, watcher=replay, until=until)
        watched.append([acted.finding.verdict for acted in replay.replayed().acted])
    assert watched == [[], [Verdict.STALLED]]


def test_an_empty_log_is_a_clear_error(tmp_path):
    (tmp_path / "app-1").touch()
    with pytest.raises(BadInputError) as raised:
        read_event_log(tmp_path / "app-1")
    assert raised.value.what == f"The event log {tmp_path / 'app-1'} is empty."
    assert (raised.value.got, raised.value.expected != "") == ("0 bytes", True)


@pytest.mark.parametrize(
    "content",
    [
        b"26/11/30 06:15:32 INFO SparkContext: Running Spark version 4.2.0\n" * 1000,
        b'{"Event":"click"}\n{"Event":"scroll"}\n',
        bytes(range(256)) * 100,
        b"\n\n\n",
    ],
)
def test_the_file_of_another_program_is_a_clear_error(tmp_path, content):
    log = tmp_path / "driver.log"
    log.write_bytes(content)
    with pytest.raises(BadInputError) as raised:
        read_event_log(log)
    assert raised.value.what == f"The file {log} is not an event log of Spark."
    assert raised.value.got.startswith("a file that begins with b")
    assert raised.value.got.endswith(", without an event")


def test_a_huge_file_of_another_program_is_not_read_to_its_end(tmp_path):
    class Counting(io.BytesIO):
        def read(self, size=-1):
            self.count = getattr(self, "count", 0) + size
            return super().read(size)

    file = Counting(b"INFO nothing\n" * 2_000_000)

    class Place(type(Path())):
        def open(self, *_):
            return file

    with pytest.raises(BadInputError, match="an event"):
        read_event_log(Place(tmp_path / "driver.log"))
    assert file.count < 5 << 20


def test_what_does_not_exist_is_a_clear_error(tmp_path):
    with pytest.raises(BadInputError) as raised:
        read_event_log(tmp_path / "nowhere")
    assert raised.value.what == f"The event log {tmp_path / 'nowhere'} cannot be opened."
    assert "FileNotFoundError" in raised.value.got


def test_a_store_that_fails_in_the_middle_gives_what_it_gave(tmp_path):
    class Failing(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 100:
                msg = "gone"
                raise TimeoutError(msg)
            return super().read(size)

    class Place(type(Path())):
        content = b"\n".join(small_log())

        def open(self, *_):
            return Failing(self.content)

    history = read_event_log(Place(tmp_path / "log"))
    assert history.id == "app-1"
    assert history.missing[0] == "log: it could not be read to its end: gone"


def test_a_store_that_gives_nothing_is_no_empty_log(tmp_path):
    class Denied(io.BytesIO):
        def read(self, *_):
            msg = "denied"
            raise PermissionError(msg)

    class Place(type(Path())):
        def open(self, *_):
            return Denied()

    with pytest.raises(BadInputError) as raised:
        read_event_log(Place(tmp_path / "log"))
    assert raised.value.got == "PermissionError: denied"


def test_what_only_looks_like_a_zip_is_a_clear_error(tmp_path):
    log = tmp_path / "logs.zip"
    log.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(BadInputError, match=r"The zip logs\.zip cannot be opened"):
        read_event_log(log)


def test_an_empty_zip_has_no_log(tmp_path):
    file = io.BytesIO()
    zipfile.ZipFile(file, "w").close()
    with pytest.raises(BadInputError, match="has no event log"):
        read_zip(file, "of app-1")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(60, 4000), at=st.integers(60, 4000), damage=st.binary(max_size=5))
def test_a_log_that_begins_well_is_read_whatever_follows(tmp_path, cut, at, damage):
    """Cut anywhere, and overwritten anywhere."""
    whole = b"\n".join(small_log(10))
    log = tmp_path / "log"
    log.write_bytes(whole[:at] + damage + whole[at + len(damage) : cut])
    history = read_event_log(log)
    assert history.spark_version == "4.2.0"


def test_a_log_without_its_first_line_is_still_one(tmp_path):
    history = read_event_log(written(tmp_path / "log", [line("SparkListenerApplicationEnd", Timestamp=5)]))
    assert history.ended == 0.005


def test_the_file_that_marks_the_state_of_a_rolling_log_is_a_clear_error(tmp_path):
    (file := tmp_path / "appstatus_app-1").touch()
    with pytest.raises(BadInputError, match="only marks") as caught:
        read_event_log(file)
    assert caught.value.advice == "Name the folder that it is in."


def test_a_part_of_a_log_of_databricks_is_drawn_from_its_first_event(tmp_path):
    """Only the last hour is given: its first line names Spark's version, and the application has begun before."""
    part = [
        line("DBCEventLoggingListenerMetadata", Spark_Version="3.3.0", Rollover_Number=7),
        *small_log()[4:],
    ]
    replay = LogReplay(GuardLimits())
    history = read_event_log(written(tmp_path / "eventlog-2026-01-01--15-00", part), watcher=replay)
    assert (history.spark_version, history.started, history.first_seen) == ("3.3.0", None, START / 1000)
    assert replay.replayed().looks > 0
