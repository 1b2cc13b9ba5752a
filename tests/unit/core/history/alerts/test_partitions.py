"""Too many tasks, too few, and the stage that takes the time."""

from dataclasses import replace

from airflow_spark_guard.core.history.alerts.partitions import DominantStage, TinyTasks, TooFewPartitions
from tests.support.histories import application, stage


def tiny(number, tasks, seconds=0.02, **fields):
    return stage(number, 0, 9, *[seconds] * tasks, **{"deserialize_s": 3.0, "scheduler_s": 2.0, **fields})


def test_tiny_tasks_of_all_stages_are_counted():
    stages = (tiny(1, 4000), tiny(2, 2000), tiny(3, 9000, seconds=0.5))
    (alert,) = TinyTasks().alerts(application(stages=stages))
    assert (alert.severity, alert.figure, alert.limit, alert.where) == (
        "warning",
        "6,000 tasks",
        "5,000 tasks",
        "stage 1",
    )
    assert alert.what == (
        "2 stages ran 6,000 tasks (limit: 5,000 tasks) of less than 100 ms; stage 1 had most of them."
    )
    assert alert.wasted_core_seconds == 10


def test_the_cure_of_tiny_tasks_depends_on_what_they_read():
    for read, cure in ((1, "parallelismFirst=false"), (0, "coalesce(n)")):
        (alert,) = TinyTasks().alerts(application(stages=(tiny(1, 2000, shuffle_read_bytes=read),)))
        assert alert.severity == "info"
        assert cure in alert.cure


def test_few_tiny_tasks_and_unknown_ones_raise_none():
    assert list(TinyTasks().alerts(application(stages=(tiny(1, 900),)))) == []
    assert list(TinyTasks().alerts(application(stages=(replace(tiny(1, 9000), duration=None),)))) == []
    (alert,) = TinyTasks().alerts(application(stages=(tiny(1, 2000, deserialize_s=None),)))
    assert alert.wasted_core_seconds is None


def test_a_stage_with_fewer_tasks_than_slots_leaves_them_empty():
    (alert,) = TooFewPartitions().alerts(application(200, stages=(stage(4, 0, 100, 100.0),)))
    assert (alert.severity, alert.figure, alert.limit, alert.where) == ("critical", "87.5%", "75%", "stage 4")
    assert alert.what == "The 1 task of stage 4 left 87.5% (limit: 75%) of 8 task slots empty for 1m 40s."
    assert alert.wasted_core_seconds == 700
    assert "repartition(8) after the read" in alert.cure


def test_after_a_shuffle_the_number_of_partitions_is_a_setting():
    one = stage(4, 0, 100, 100.0, 90.0, shuffle_read_bytes=1)
    (alert,) = TooFewPartitions().alerts(application(200, stages=(one,)))
    assert alert.figure == "75%"
    assert alert.cure.startswith("Set spark.sql.shuffle.partitions to at least 8")


def test_enough_tasks_a_short_stage_and_one_beside_others_raise_none():
    rule = TooFewPartitions()
    assert list(rule.alerts(application(200, stages=(stage(4, 0, 100, *[90.0] * 8),)))) == []
    assert list(rule.alerts(application(200, stages=(stage(4, 0, 9, 9.0),)))) == []
    assert list(rule.alerts(application(200, stages=(stage(4, 0, 100, 99.0), stage(5, 0, 100, 99.0))))) == []
    assert list(rule.alerts(application(200, stages=(stage(4, 0, 100, 99.0),), executors=()))) == []


def test_the_longest_stage_is_named_if_it_dominates():
    stages = (stage(1, 0, 10, 1.0), stage(2, 10, 20, 1.0), stage(3, 20, 1520, 1.0))
    (alert,) = DominantStage().alerts(application(2000, stages=stages))
    assert alert.what == "Stage 3 took 75% (limit: 50%) of the application's time: 25m of 33m 20s."
    assert (alert.severity, alert.wasted_core_seconds) == ("info", None)


def test_a_short_stage_and_one_of_few_do_not_dominate():
    stages = (stage(1, 0, 10, 1.0), stage(2, 10, 20, 1.0), stage(3, 20, 520, 1.0))
    assert list(DominantStage().alerts(application(530, stages=stages))) == []
    assert list(DominantStage().alerts(application(2000, stages=(stage(3, 0, 1900, 1.0),)))) == []
    assert list(DominantStage().alerts(replace(application(2000, stages=stages), started=None))) == []
