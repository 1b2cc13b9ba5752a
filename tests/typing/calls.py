"""Calls as users write them. mypy reads this file (``make check``); nothing runs it.

Each ``type: ignore`` marks a mistake that a type checker has to find: mypy reports those that it does not need.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, assert_type

from airflow_spark_guard import (
    GuardLimits,
    SafeSparkSubmitHook,
    SafeSparkSubmitOperator,
    SparkApplicationSensor,
    SparkExecutorRestartSensor,
    SparkGuardError,
    SparkGuardRetryPolicy,
    SparkMonitorHook,
    SparkProfile,
    Verdict,
)
from airflow_spark_guard.errors import AttemptError, DeadlineError
from airflow_spark_guard.job import (
    Batch,
    ReportError,
    Sample,
    SampleError,
    SampleReport,
    SparkInstrumentation,
    Stratify,
    check_environment,
    collect_sample,
    heartbeat,
    instrument,
    iter_batches,
    predict,
    report,
    ship_modules,
    spark_parallel,
    to_spark,
)

if TYPE_CHECKING:
    from airflow.sdk import XComArg


def limits_of_a_task(upstream: XComArg) -> list[GuardLimits | str]:
    """Text, numbers, timedeltas, templates, results of other tasks."""
    return [
        GuardLimits(),
        GuardLimits(deadline="2h", stall_timeout=600, kill_grace=2.5, log_lines=500, result_size="64k"),
        GuardLimits(deadline=timedelta(hours=2), executor_losses=5, executor_window=timedelta(minutes=10)),
        GuardLimits(deadline="{{ params.deadline }}", on_finding="warn", driver_silence=None),
        GuardLimits(deadline=upstream, record_size=1 << 20),
        GuardLimits(stall_timeout=["10m"]),  # type: ignore[arg-type]
        GuardLimits(stall_timeout=None),  # type: ignore[arg-type]
        GuardLimits(log_lines=2.5),  # type: ignore[arg-type]
        GuardLimits(stall_time="10m"),  # type: ignore[call-arg]
        "observe",
    ]


def tasks() -> None:
    """Operator and sensors."""
    train = SafeSparkSubmitOperator(
        task_id="train",
        application="train.py",
        conn_id="spark_default",
        conf={"spark.executor.memory": "2g"},
        profile=SparkProfile("ml-training", {"spark.executor.cores": 2}),
        limits=GuardLimits(deadline="30m"),
        verbosity=2,
        retry_policy=SparkGuardRetryPolicy(),
        deferrable=True,
    )
    SafeSparkSubmitOperator(task_id="other", application="x.py", profile="strict", limits="observe")
    SafeSparkSubmitOperator(task_id="other", application="x.py", limits=30)  # type: ignore[arg-type]
    SafeSparkSubmitOperator(task_id="other", application="x.py", verbosity=1.5)  # type: ignore[arg-type]
    SafeSparkSubmitOperator(task_id="other", application="x.py", profile={})  # type: ignore[arg-type]
    SparkExecutorRestartSensor(
        task_id="restarts", submitted_by=train.task_id, poke_interval=10, window="10m", on_restart="kill"
    )
    SparkExecutorRestartSensor(task_id="restarts", window=timedelta(minutes=10), min_executors_grace=90)
    SparkExecutorRestartSensor(task_id="restarts", window=[10])  # type: ignore[arg-type]
    SparkApplicationSensor(
        task_id="stream",
        application={"name": "clicks"},
        conn_id="spark_monitor_default",
        limits=GuardLimits(stall_timeout="30m", executor_losses=5, executor_window="1h"),
        poke_interval=timedelta(minutes=1),
        timeout=30 * 24 * 3600,
    )


def hooks() -> str:
    """A submit without an operator, its errors, and what a server knows."""
    try:
        SafeSparkSubmitHook(conn_id="spark_default", limits=GuardLimits(deadline="10m")).submit("job.py")
    except DeadlineError as error:
        assert_type(error.verdict, Verdict)
    except AttemptError as error:
        return f"{error.verdict} {error.what} {error.where} {error.advice} {error.record}"
    except SparkGuardError as error:
        return f"{error.what} {error.got} {error.expected} {error.advice}"
    return SparkMonitorHook(url="http://driver:4040").stages("app-1")[0]["name"]


def job(spark: Any, df: Any, model: Any) -> None:
    """The driver's side."""
    sample = collect_sample(df, ["hour", "carrier"], "delay", max_rows=200_000, key="flight_id", seed=7)
    assert_type(sample, Sample)
    assert_type(sample.report, SampleReport)
    model.fit(sample.X, sample.y)
    collect_sample(
        df, "hour", seed=7, stratify=Stratify("carrier", "balanced"), split={"train": 0.8, "test": 0.2}
    )
    collect_sample(df, "hour", seed=7, dtype="auto", nulls="drop", max_bytes=0.5)
    collect_sample(df, "hour", seed=7, nulls="mean")  # type: ignore[arg-type]
    collect_sample(df, "hour", seed=7, max_row=10)  # type: ignore[call-arg]
    for batch in iter_batches(df, ["hour"], batch_rows=10_000):
        assert_type(batch, Batch)
    predict(model, df, ["hour", "carrier"], categorical=sample.report.categories)
    to_spark(spark, sample)
    with spark_parallel(spark, sample.X, sample.y, n_jobs=2) as (features, label):
        model.fit(features, label)
    report(fold=1, mae=17.2)
    try:
        report({"rows": sample.part("train").report.rows_total})
    except (ReportError, SampleError) as error:
        heartbeat(str(error))
    heartbeat("fold 2 of 5", done=2, total=5)
    instruments = SparkInstrumentation(verbosity=2)
    assert_type(instruments.get_metrics_summary(), str)
    if (size := instruments.measure_closure_size(model.predict, "predict")) is not None:
        assert_type(size.size_bytes, int)
    with instrument(spark, verbosity=1) as instrumented:
        assert_type(instrumented.instruments, SparkInstrumentation)
    ship_modules(spark, "utilities")
    assert_type(check_environment(spark).is_equal, bool)
    SparkInstrumentation(verbosity="2")  # type: ignore[arg-type]
    heartbeat(2, 5)  # type: ignore[arg-type,call-arg]
