"""Tasks that wait for shuffle data."""

from airflow_spark_guard.core.history.alerts.shuffle import FetchWait
from tests.support.histories import GIB, application, stage


def waiting(wait, run=1000.0, **fields):
    return list(
        FetchWait().alerts(application(stages=(stage(5, 0, 9, run_s=run, fetch_wait_s=wait, **fields),)))
    )


def test_waiting_is_a_share_of_the_stages_run_time():
    (alert,) = waiting(300.0, shuffle_read_bytes=2 * GIB)
    assert (alert.severity, alert.figure, alert.limit) == ("warning", "30%", "25%")
    assert alert.what == (
        "The tasks of stage 5, which read 2 GiB, waited for shuffle data 30% (limit: 25%) of their run time."
    )
    assert alert.wasted_core_seconds == 300
    (alert,) = waiting(600.0)
    assert alert.severity == "critical"
    assert alert.what.startswith("The tasks of stage 5 waited for shuffle data 60%")


def test_little_waiting_and_an_unknown_one_raise_none():
    assert waiting(90.0) == []
    assert waiting(50.0, run=100.0) == []
    assert waiting(None) == []
    assert waiting(300.0, run=None) == []
