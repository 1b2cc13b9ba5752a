"""The fault matrix as a table: what is done to a job, and the verdict that it must get."""

from __future__ import annotations

import signal
from dataclasses import replace

from tools.faults.case import BUSY, HEALTHY_LIMITS, LOCAL, NAMESPACE, NOTICE, SERVER, STANDALONE, Case
from tools.faults.cluster import DRIVER_ADDRESS
from tools.faults.pairs import HUNG, LOSSES, SLOW, bounded_log

_FAULTS = (
    Case(
        "driver `while True`", ("driver.py", "while_true"), "DRIVER_SILENT", where=LOCAL,
        limits={"driver_silence": 8, "evidence_window": 4}, quick=True,
    ),
    Case(
        "driver deadlock on a lock", ("driver.py", "lock"), "DRIVER_SILENT",
        waits=True,
        limits={"driver_silence": 10},
    ),
    Case("UDF `while True`", ("udf.py", "while_true"), "STALLED", limits=BUSY),
    Case(
        "pandas UDF sleeping for ever in the second stage", ("udf.py", "pandas_sleep"), "STALLED",
        waits=True,
        quick=True,
    ),
    Case("UDF blocked on a socket that never answers", ("udf.py", "socket"), "STALLED", waits=True),
    Case(
        "starved: executor larger than any worker", ("steady.py", "4"), "IMPOSSIBLE", where=STANDALONE,
        conf={"spark.executor.memory": "8g"},
    ),
    Case(
        "starved: all cores taken by another application", ("steady.py", "4"), "STARVED",
        where=STANDALONE, before=lambda running: running.occupy(), quick=True,
    ),
    Case(
        "executor SIGKILLed once, budget 2", ("steady.py", "24"), "",
        limits={"executor_losses": 2}, action=lambda running: running.signal_executor(signal.SIGKILL),
    ),
    Case(
        "executor SIGKILLed once, budget 0", ("steady.py", "60"), "EXECUTORS_LOST",
        limits={"executor_losses": 0}, action=lambda running: running.signal_executor(signal.SIGKILL),
        quick=True,
    ),
    Case(
        "executor crash loop", ("steady.py", "4"), "EXECUTORS_LOST",
        conf={"spark.executor.extraJavaOptions": "-javaagent:/nonexistent.jar"},
        limits={"start_timeout": 60},
    ),
    Case(
        "executor SIGSTOPped", ("steady.py", "40"), "EXECUTORS_LOST", notice=NOTICE,
        limits={"executor_losses": 0, "stall_timeout": 40}, note="budget 0: no loss is allowed",
        action=lambda running: running.signal_executor(signal.SIGSTOP),
    ),
    Case("Python worker os._exit(1) in a loop", ("udf.py", "os_exit"), "WORKER_CRASHED", quick=True),
    Case("Python worker SIGSEGV in a loop", ("udf.py", "segv"), "WORKER_CRASHED"),
    Case("Python worker SIGKILLed in a loop", ("udf.py", "sigkill"), "WORKER_CRASHED"),
    Case(
        "Python worker beyond its memory limit", ("udf.py", "memory"), ("WORKER_CRASHED", "USER_CODE"),
        conf={"spark.executor.pyspark.memory": "384m", "spark.executor.memory": "600m"},
    ),
    Case(
        "driver JVM SIGKILLed", ("driver.py", "sleep"), "JVM_GONE",
        action=lambda running: running.kill_driver_jvm(), quick=True,
    ),
    Case(
        "driver Python SIGKILLed", ("driver.py", "sleep"), "DRIVER_GONE",
        action=lambda running: running.kill_driver_python(),
    ),
    Case(
        "master killed", ("steady.py", "30"), "", where=STANDALONE,
        action=lambda running: running.cluster.kill("master"),
        note="Spark keeps a running application whose executors live",
    ),
    Case(
        "worker killed, budget 2", ("steady.py", "24"), "", where=STANDALONE,
        limits={"executor_losses": 2}, action=lambda running: running.cluster.kill("worker-2"),
    ),
    Case(
        "network between driver and one executor dropped", ("steady.py", "40"), "EXECUTORS_LOST",
        where=NAMESPACE, notice=NOTICE, limits={"executor_losses": 0, "stall_timeout": 40},
        note="budget 0: no loss is allowed",
        conf={"spark.driver.host": DRIVER_ADDRESS, "spark.driver.bindAddress": DRIVER_ADDRESS},
        action=lambda running: running.cluster.cut(),
    ),
    Case("non-daemon thread after the end", ("driver.py", "thread"), "NOT_EXITING", where=LOCAL, quick=True, waits=True),
    Case("atexit handler that hangs", ("driver.py", "at_exit"), "NOT_EXITING", where=LOCAL, waits=True),
    Case("`os._exit(0)` in the middle of a job", ("driver.py", "os_exit"), "DRIVER_GONE", quick=True),
    Case(
        "collect beyond maxResultSize", ("driver.py", "result_size"), "TOOLCHAIN",
        conf={"spark.driver.maxResultSize": "1m"}, quick=True,
    ),
    Case("driver Python out of memory", ("driver.py", "memory"), ("USER_CODE", "DRIVER_GONE"), where=LOCAL, quick=True),
    Case("1,000,000 lines of output per second", ("driver.py", "output"), "", where=LOCAL, check=bounded_log),
    Case("a job that just goes on", ("driver.py", "sleep"), "DEADLINE", where=LOCAL, limits={"deadline": 45}, quick=True, waits=True),
    Case(
        "planning stall of the driver (huge `isin`)", ("driver.py", "planning", "400000"), "DRIVER_SILENT",
        limits={"driver_silence": 8, "evidence_window": 4},
    ),
    Case("task process SIGKILLed", ("hang.py", "task process SIGKILL"), "GONE", where=SERVER),
    Case("supervisor SIGKILLed", ("hang.py", "supervisor SIGKILL"), "GONE", where=SERVER),
)  # fmt: skip

_HEALTHY = (
    Case("healthy: pickled UDF at 2 ms a row", ("healthy.py", "pickled_udf", "40"), note="40 s for minutes", quick=True, waits=True),
    Case("healthy: one task of 10 min without shuffle", ("healthy.py", "one_task", "40"), note="40 s; 1:15"),
    Case("healthy: GC-heavy", ("healthy.py", "garbage", "40"), note="40 s", conf={"spark.executor.memory": "512m"}),
    Case("healthy: large shuffle on one core", ("healthy.py", "shuffle", "60"), where="local-cluster[1,1,1024]", note="60 s"),
    Case("healthy: 5 min of scikit-learn between two Spark jobs", ("healthy.py", "sklearn", "40"), note="40 s; 1:7.5", quick=True),
    Case("healthy: long applyInPandas of one group", ("healthy.py", "one_group", "40"), note="40 s", quick=True, waits=True),
    Case("healthy: plain @udf (Arrow) at 2 ms a row", ("healthy.py", "arrow_udf", "45"), note="batches of 20 s against a limit of 12 s", waits=True),
    Case("healthy: one native call of minutes (sqlite)", ("healthy.py", "native", "24"), note="24 s: twice the limit; from three times on it counts as hung"),
    Case("healthy: skewed stage, last task 20 times the median", ("healthy.py", "skewed", "40"), note="2 s and 40 s", waits=True),
    Case(
        "healthy: dynamic allocation removing idle executors", ("healthy.py", "idle_executors", "40"), note="40 s", waits=True,
        limits={"executor_losses": 0},
        conf={
            "spark.dynamicAllocation.enabled": "true",
            "spark.dynamicAllocation.shuffleTracking.enabled": "true",
            "spark.dynamicAllocation.executorIdleTimeout": "3s",
            "spark.dynamicAllocation.minExecutors": "0",
        },
    ),
    Case(
        "healthy: long planning below its limit", ("healthy.py", "planning", "30000"),
        limits={"driver_silence": 30}, note="well below its limit of 30 s",
    ),
)  # fmt: skip

FAULTS = (*_FAULTS, *HUNG, *LOSSES)
HEALTHY = tuple(replace(case, limits={**HEALTHY_LIMITS, **case.limits}) for case in (*_HEALTHY, *SLOW))

CASES = (*FAULTS, *HEALTHY)
