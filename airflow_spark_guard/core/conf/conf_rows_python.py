"""Rows of the profile: the Python workers."""

from __future__ import annotations

from airflow_spark_guard.core.conf.conf_setting import Setting, every, only

_RDD = "spark.python.worker."
_SQL = "spark.sql.execution.pyspark.udf."
IDLE_TIMEOUTS = (f"{_SQL}idleTimeoutSeconds", f"{_RDD}idleTimeoutSeconds")
SMALL_BUFFER, SMALL_BATCH = 4096, 100
"""Bytes, and rows, after which a worker returns what it has: with more, a healthy one is silent too long."""

PYTHON = (
    Setting(
        f"{_RDD}faulthandler.enabled", "bool", (3, 2), "false", every("true"),
        "After a crash in native code the log names the Python line.",
    ),
    Setting(
        f"{_SQL}faulthandler.enabled", "bool", (4, 0), f"<value of {_RDD}faulthandler.enabled>",
        every("true"),
        "As above, for UDFs.",
        falls_back_to=(f"{_RDD}faulthandler.enabled",),
    ),
    Setting(
        f"{_RDD}tracebackDumpIntervalSeconds", "duration", (4, 1), "0ms", every("{dump}"),
        "A worker writes its stack to the executor's log at this interval: if py-spy is not permitted, only "
        "this shows the line that hangs. At least 5 s; 2 kB each time.",
        bare="s",
    ),
    Setting(
        f"{_SQL}tracebackDumpIntervalSeconds", "duration", (4, 1),
        f"<value of {_RDD}tracebackDumpIntervalSeconds>", every("{dump}"),
        "As above, for UDFs.",
        bare="s", falls_back_to=(f"{_RDD}tracebackDumpIntervalSeconds",),
    ),
    Setting(
        "spark.sql.execution.python.udf.buffer.size", "size", (4, 0), "<value of spark.buffer.size>",
        every(str(SMALL_BUFFER)),
        "A worker returns rows at once: with 64 KiB a slow UDF looks like a hung one. For pickled UDFs.",
        bare="b", falls_back_to=("spark.buffer.size",),
    ),
    Setting(
        "spark.sql.execution.pandas.udf.buffer.size", "size", (3, 0), "<value of spark.buffer.size>",
        every(str(SMALL_BUFFER)),
        "As above, for Arrow and pandas UDFs.",
        bare="b", falls_back_to=("spark.buffer.size",),
    ),
    Setting(
        "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled", "bool", (4, 2), "true", every("false"),
        "With true, a plain UDF over Parquet hangs (4.2.0), and a vector column in the row is an error.",
    ),
    Setting(
        "spark.sql.execution.arrow.maxRecordsPerBatch", "int", (2, 3), "10000", only(strict=str(SMALL_BATCH)),
        "A worker is silent for one batch, and idle-kill counts silence. Each batch costs up to 1 ms, which "
        "is expensive for quick rows, so only in this profile.",
    ),
    Setting(
        f"{_RDD}idleTimeoutSeconds", "duration", (4, 0), "0ms", only(strict="{idle}"),
        "10 minutes without output (or limits.stall_timeout, if that is longer) cause a line in the "
        "executor's log. RDD workers are never killed: their buffer is not small.",
        bare="s",
    ),
    Setting(
        f"{_SQL}idleTimeoutSeconds", "duration", (4, 0), f"<value of {_RDD}idleTimeoutSeconds>",
        only(strict="{idle}"),
        "As above, for UDFs.",
        bare="s", falls_back_to=(f"{_RDD}idleTimeoutSeconds",),
    ),
    Setting(
        f"{_SQL}killOnIdleTimeout", "bool", (4, 1), f"<value of {_RDD}killOnIdleTimeout>",
        only(strict="true"),
        "A UDF's worker that is silent for that long is killed, and its task retried. Only silence counts: a "
        "healthy group that takes 20 minutes is killed too, unless limits.stall_timeout is longer.",
        falls_back_to=(f"{_RDD}killOnIdleTimeout",),
    ),
)  # fmt: skip
