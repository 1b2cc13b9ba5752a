"""What a page shows of a record."""

import pytest

from airflow_spark_guard.core.watch.observation import DriverView, Executor, Observation, Stage
from airflow_spark_guard.process.record_reader import read_record
from airflow_spark_guard.report.contents import contents_of_record
from tests.support.measurements import LINES
from tests.support.reports import SUMMARY, write_record


def contents(folder, **fields):
    return contents_of_record(read_record(write_record(folder, **fields)), "d / r / t / try-1")


def test_a_record_gives_history_diagnostics_and_output(tmp_path):
    stage = Stage(3, 0, tasks=4, active=1, done=0, failed=0, launched=True)
    found = contents(
        tmp_path,
        observations=[Observation(5.0, driver=DriverView(1, (stage,)))],
        autopsy="== a\nb\n",
        output="x\ny\n",
    )
    assert [one.stage for one in found.history.stages] == [3]
    assert (found.place, found.diagnostics) == ("/a/job.py:43, wait", "== a\nb\n")
    assert (found.output.text, found.output.link) == ("x\ny\n", "output.log")
    assert not found.trouble


def test_without_output_there_is_no_link(tmp_path):
    assert contents(tmp_path).output is None


def test_findings_of_observe_mode_are_sentences(tmp_path):
    rows = [{"verdict": "STALLED", "what": "It stood still.", "advice": "Look."}, "odd"]
    assert contents(tmp_path, summary=SUMMARY | {"observed": rows}).observed == (
        "STALLED: It stood still. Look.",
    )


def test_observations_of_another_form_are_left_out_and_counted(tmp_path):
    write_record(tmp_path, observations=[Observation(5.0)])
    with (tmp_path / "observations.jsonl").open("a") as file:
        file.write('{"at": 6.0, "of another version": 1}\n{"at": "soon"}\n')
    found = contents_of_record(read_record(tmp_path), "p")
    assert found.is_attempt
    assert len(found.history.samples) == 1
    assert found.trouble == ("2 observations are not of this version's form and are left out.",)


@pytest.mark.parametrize(
    ("verdict", "kinds"),
    [
        ("EXECUTORS_LOST", set()),
        ("USER_CODE", {"executor losses"}),
        ("WORKER_CRASHED", {"executor losses"}),
        ("STALLED", {"executor losses", "failed tasks"}),
    ],
)
def test_an_alert_that_only_repeats_the_verdict_is_left_out(tmp_path, verdict, kinds):
    lost = Executor("1", active=False, added=5.0, removed=9.0, reason="Command exited with code 1", cores=1)
    stage = Stage(3, 0, tasks=4, active=0, done=1, failed=1, launched=True)
    seen = [Observation(5.0, driver=DriverView(1, (stage,), (lost,)))]
    found = contents(tmp_path, summary=SUMMARY | {"verdict": verdict}, observations=seen)
    assert {alert.kind for alert in found.alerts} == kinds


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"traceback": "Traceback\nValueError: x\n"}, "Traceback\nValueError: x\n"),
        ({"traceback": 3}, ""),
        (None, ""),
        ("x", ""),
    ],
)
def test_the_exception_of_the_script_is_shown_and_not_that_of_the_task(tmp_path, error, expected):
    found = contents(tmp_path, summary=SUMMARY | {"error": error}, traceback="of the operator")
    assert found.traceback == expected


def test_measurements_are_read_and_those_of_another_form_counted(tmp_path):
    """A damaged line too."""
    write_record(tmp_path, instruments=[*LINES, {"what": "query"}, {"left_out": 4}])
    with (tmp_path / "instruments.jsonl").open("a") as file:
        file.write("{no json}\n")
    found = contents_of_record(read_record(tmp_path), "p")
    assert [one.what for one in found.instruments.measured] == [line["what"] for line in LINES]
    assert found.instruments.left_out == 16
    assert found.trouble == (
        "instruments.jsonl has 1 damaged lines, which are left out.",
        "1 measurements are not of this version's form and are left out.",
    )
