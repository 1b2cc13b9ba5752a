"""``spark-guard limits``: from the records of past tries."""

from airflow_spark_guard.cli import main
from airflow_spark_guard.core.watch.observation import DriverView, Observation, Stage
from tests.support.reports import SUMMARY, write_record

SUCCESS = SUMMARY | {"state": "success", "verdict": ""}


def observations(seconds, until):
    for at in range(0, seconds, 10):
        stage = Stage(0, 0, tasks=8, active=2, done=min(at, until), failed=0, launched=True)
        yield Observation(float(at), driver=DriverView(1, (stage,)), readings=())


def record(root, name, summary, seconds, until):
    folder = root / "flights" / name / "train" / "try-1"
    return write_record(folder, summary | {"ended_at_s": float(seconds)}, observations(seconds, until))


def test_limits_have_reasons_and_are_tried_on_each_record(tmp_path, capsys):
    for number in range(5):
        record(tmp_path, f"good-{number}", SUCCESS, 300, 300)
    record(tmp_path, "hung", SUMMARY, 3000, 100)
    assert main(["limits", str(tmp_path / "flights")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        'GuardLimits(deadline="10m", stall_timeout="2m")',
        "The longest of 5 healthy tries took 5m.",
        "The longest standstill of a healthy try was 0s.",
        "Of 5 healthy tries, none would have been ended.",
    ]
    assert lines[4].strip().startswith("flights / hung / train / try-1 failed: STALLED, ")


def test_running_and_damaged_records_are_left_out(tmp_path, capsys):
    record(tmp_path, "good", SUCCESS, 100, 100)
    record(tmp_path, "running", SUMMARY | {"state": "running"}, 100, 100)
    (record(tmp_path, "newer", SUCCESS, 100, 100) / "summary.json").write_text('{"v": 99}')
    assert main(["limits", str(tmp_path)]) == 0
    assert "Of 1 healthy tries" in capsys.readouterr().out


def test_nothing_to_read_is_a_clear_error(tmp_path, capsys):
    assert main(["limits", str(tmp_path)]) == 1
    assert "There is no record of a try that is over." in capsys.readouterr().err
    record(tmp_path, "bad", SUMMARY, 100, 100)
    assert main(["limits", str(tmp_path)]) == 1
    assert "none is of a try that succeeded" in capsys.readouterr().err
