"""Rows of the toolchain table: executors, their Python workers, and what they read and write."""

from __future__ import annotations

from airflow_spark_guard.core.failure.toolchain_row import Row, Scope, Weight, sign
from airflow_spark_guard.core.verdict import Verdict

WORKERS = (
    Row(
        "python_version",
        sign(r"\[?PYTHON_VERSION_MISMATCH\]?", r"Python in worker has different version"),
        "Driver and executors run different minor versions of Python.",
        "Use one version for both: spark.pyspark.driver.python and spark.pyspark.python (or "
        "PYSPARK_DRIVER_PYTHON and PYSPARK_PYTHON).",
    ),
    Row(
        "no_pyspark",
        sign(
            r"No module named '?pyspark\b",
            r"EOFException occurred while reading the port number",
            r"Bad data in pyspark\.daemon's standard output",
        ),
        "The executors' Python could not start Spark's worker.",
        "Read the worker's own message below; check spark.pyspark.python on a worker, and that "
        "SPARK_HOME/python exists there.",
        scope=Scope.WORKER,
    ),
    Row(
        "no_pyarrow",
        sign(
            r"(?:ModuleNotFoundError|ImportError): No module named '?(?:pyarrow|pandas)\b",
            r"\[PACKAGE_NOT_INSTALLED\] (?:PyArrow|Pandas)",
            r"\[UNSUPPORTED_PACKAGE_VERSION\] (?:PyArrow|Pandas)",
        ),
        "The executors' Python lacks PyArrow or pandas, or has a version that is too old.",
        "Install pyarrow and pandas into the interpreter that spark.pyspark.python names, on every worker, "
        "or ship an environment with spark.archives. A plain @udf runs without them: "
        "spark.sql.execution.pythonUDF.arrow.enabled=false.",
        scope=Scope.WORKER,
    ),
    Row(
        "module_missing",
        sign(r"(?:ModuleNotFoundError: |ImportError: )No module named "),
        "A module is missing in the executors' Python.",
        "Ship your own modules with py_files (spark.submit.pyFiles) and packages with spark.archives, or "
        "install them into the interpreter that spark.pyspark.python names.",
        scope=Scope.WORKER,
    ),
    Row(
        "python_missing",
        sign(r'Cannot run program "[^"\n]{1,400}"'),
        "The executors' Python does not exist at the configured path.",
        "Set spark.pyspark.python (or PYSPARK_PYTHON) to an interpreter that every worker has.",
    ),
    Row(
        "worker_threads",
        sign(r"libgomp: Thread creation failed"),
        "A Python worker could not start its OpenMP threads and ended itself.",
        "Usually the memory limit allows fewer threads: set spark.executorEnv.OMP_NUM_THREADS=1 "
        "(every core has its own worker), or raise spark.executor.pyspark.memory; score models with "
        "predict(), which limits threads by itself.",
        verdict=Verdict.WORKER_CRASHED,
        scope=Scope.LOG,
    ),
    Row(
        "vector_past_function",
        sign(r"\[UNSUPPORTED_DATATYPE\] Unsupported data type \S{0,3}UDT\("),
        "Spark 4.2's columnar input of Python functions cannot carry a vector column, even an unused one.",
        "Set spark.sql.execution.arrow.pythonUDF.columnarInput.enabled=false, or drop the vector column "
        "before the function.",
    ),
    Row(
        "worker_segfault",
        sign(r"Fatal Python error: "),
        "A Python worker crashed in native code.",
        "See the line where it crashed. Usually the cause is a package with native code, or two that each "
        "bring threads: try OMP_NUM_THREADS=1 (spark.executorEnv.OMP_NUM_THREADS), then other versions.",
        verdict=Verdict.WORKER_CRASHED,
        scope=Scope.WORKER,
    ),
    Row(
        "worker_idle",
        sign(r"Python worker process terminated due to idle timeout", r"terminated due to idle timeout"),
        "A Python worker produced no output within its idle timeout, and Spark ended it.",
        "See the line where it waited. If it is only slow, use smaller batches "
        "(spark.sql.execution.arrow.maxRecordsPerBatch) or a longer "
        "spark.sql.execution.pyspark.udf.idleTimeoutSeconds.",
        verdict=Verdict.WORKER_CRASHED,
    ),
    Row(
        "worker_memory",
        sign(r"^(?:numpy\.[\w.]{0,60})?_?(?:Array)?MemoryError\b"),
        "A Python worker ran out of memory.",
        "Raise spark.executor.pyspark.memory, or give a worker less data at once: more partitions, smaller "
        "spark.sql.execution.arrow.maxRecordsPerBatch, smaller groups for applyInPandas.",
        verdict=Verdict.WORKER_CRASHED,
        scope=Scope.WORKER,
    ),
    Row(
        "worker_crashed",
        sign(r"Python worker exited unexpectedly", r"Python worker (?:failed|did not) (?:to )?connect back"),
        "A Python worker died without an error: killed (usually for memory), os._exit(), or native code.",
        "Look for the out-of-memory killer in the worker host's log and raise spark.executor.memoryOverhead "
        "or spark.executor.pyspark.memory; for the line of a native crash set "
        "spark.python.worker.faulthandler.enabled.",
        verdict=Verdict.WORKER_CRASHED,
        weight=Weight.TRACE,
    ),
)

EXECUTORS = (
    Row(
        "executor_heap",
        sign(
            r"executor (?!driver)\w{1,40}\): java\.lang\.OutOfMemoryError",
            r"exited with (?:exit )?code:? 52\b",
            r"Exit status: 52\b",
        ),
        "An executor's JVM ran out of heap.",
        "Raise spark.executor.memory, or lower the memory of one task: more partitions "
        "(spark.sql.shuffle.partitions), fewer spark.executor.cores. Spark has already retried the task with "
        "the same memory.",
        verdict=Verdict.EXECUTORS_LOST,
    ),
    Row(
        "executor_memory",
        sign(
            r"OOMKilled",
            r"possible container OOM",
            r"Container (?:killed by YARN|from a bad node)[^\n]{0,200}memory",
            r"exceeding (?:physical |virtual )?memory limits",
            r"running beyond (?:physical|virtual) memory",
        ),
        "An executor's container used more memory than it was granted, and was killed.",
        "Raise spark.executor.memoryOverhead (Python workers live there), or set "
        "spark.executor.pyspark.memory so that Python itself reports the line.",
        retry=True,
        verdict=Verdict.EXECUTORS_LOST,
    ),
    Row(
        "executor_silent",
        sign(r"Executor heartbeat timed out after"),
        "An executor sent no heartbeat for spark.network.timeout.",
        "Usually long garbage collections: raise spark.executor.memory or use fewer spark.executor.cores; "
        "otherwise look for a stopped process or a network failure.",
        retry=True,
        verdict=Verdict.EXECUTORS_LOST,
    ),
    Row(
        "executor_disk",
        sign(r"exited with (?:exit )?code:? 53\b", r"Failed to create (?:a )?local dir(?:ectory)? "),
        "An executor could not create its local folder.",
        "Check spark.local.dir (SPARK_LOCAL_DIRS on the worker): it must exist, be writable and have room.",
    ),
    Row(
        "no_space",
        sign(r"No space left on device", r"Disk quota exceeded"),
        "A disk that Spark writes to is full.",
        "Free it, or point spark.local.dir (SPARK_LOCAL_DIRS on the workers) to a larger one; shuffle and "
        "spill files go there.",
        retry=True,
    ),
    Row(
        "fetch_failed",
        sign(
            r"\bFetchFailed(?:Exception)?\b",
            r"MetadataFetchFailedException",
            r"Missing an output location for",
        ),
        "Shuffle files were lost repeatedly, usually with the executor that stored them.",
        "Look for lost executors first (spark.executor.memoryOverhead); then for a full or cleaned disk "
        "under spark.local.dir. spark.stage.maxConsecutiveAttempts limits the retries.",
        retry=True,
        verdict=Verdict.EXECUTORS_LOST,
        weight=Weight.TRACE,
    ),
    Row(
        "executor_lost",
        sign(r"ExecutorLostFailure", r"Remote RPC client disassociated"),
        "A task failed with its executor, more often than spark.task.maxFailures allows.",
        "The exit code in the reason shows the cause. 137 (SIGKILL) usually means memory: raise "
        "spark.executor.memoryOverhead. 143: something stopped the executor or its host. Any other code: "
        "read the executor's stderr.",
        retry=True,
        verdict=Verdict.EXECUTORS_LOST,
        weight=Weight.TRACE,
    ),
)

SOURCES = (
    Row(
        "unknown_host",
        sign(r"UnknownHostException", r"\bName or service not known\b"),
        "The name of a host that Spark reads from or writes to cannot be resolved.",
        "Check the address in the path or URL, and DNS on the driver and on every worker.",
        retry=True,
    ),
    Row(
        "connection_refused",
        sign(
            r"java\.net\.ConnectException\b",
            r"java\.net\.NoRouteToHostException",
            r"java\.net\.SocketTimeoutException: [Cc]onnect",
            r"org\.postgresql\.util\.PSQLException: Connection to ",
            r"CommunicationsException: Communications link failure",
        ),
        "A server that Spark reads from or writes to does not answer.",
        "Check that it is up and reachable from the driver and from every worker: address, port, firewall.",
        retry=True,
        weight=Weight.TRACE,
    ),
)
