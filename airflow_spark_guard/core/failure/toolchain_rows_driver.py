"""Rows of the toolchain table: the driver's two processes, the master, and limits of a job's size."""

from __future__ import annotations

from airflow_spark_guard.core.failure.toolchain_row import Row, Scope, Weight, sign
from airflow_spark_guard.core.verdict import Verdict

# Py4J's message, with the cause in the next line. None of the script's own code has run in Spark by then.
CONTEXT_CONSTRUCTOR = r"calling None\.org\.apache\.spark\.api\.java\.JavaSparkContext\."

SIZES = (
    Row(
        "kryo_buffer",
        sign(
            r"KryoException: Buffer overflow",
            r"Kryo serialization failed: Buffer overflow",
            r"\[KRYO_BUFFER_OVERFLOW\]",
        ),
        "One object is larger than Kryo's buffer.",
        "Raise spark.kryoserializer.buffer.max (default 64m, below 2g) above the size that the message "
        "names, or make the objects smaller: more partitions, fewer rows collected.",
    ),
    Row(
        "result_too_large",
        sign(
            r"Total size of serialized results of [^\n]{1,80} is bigger than",
            r"is bigger than spark\.driver\.maxResultSize",
        ),
        "The results collected to the driver exceed spark.driver.maxResultSize.",
        "Write the result instead of collecting it, or collect a sample (collect_sample); otherwise raise "
        "spark.driver.maxResultSize together with spark.driver.memory.",
    ),
    Row(
        "task_too_large",
        sign(r"exceeds max allowed: spark\.rpc\.message\.maxSize"),
        "A task carries more data than one message may contain.",
        "Take large objects out of the function: broadcast them (sc.broadcast), or read them on the "
        "executors; more partitions for parallelize. spark.rpc.message.maxSize (MiB) only moves the limit.",
    ),
    Row(
        "broadcast_too_large",
        sign(
            r"Cannot broadcast the table (?:that is larger than|over)\b",
            r"_LEGACY_ERROR_TEMP_224[89]",
            r"MAX_BROADCAST_(?:TABLE_BYTES|ROWS)|exceeds the maximum allowed[^\n]{0,80}broadcast",
        ),
        "One side of a join is too large to be broadcast (8 GiB, 512 million rows).",
        "Remove the broadcast() hint, or set spark.sql.autoBroadcastJoinThreshold=-1 for this query.",
    ),
    Row(
        "broadcast_timeout",
        sign(r"Could not execute broadcast in \d{1,12} secs"),
        "One side of a join was not ready to be broadcast within spark.sql.broadcastTimeout.",
        "Raise spark.sql.broadcastTimeout, compute that side first (cache and count), or set "
        "spark.sql.autoBroadcastJoinThreshold=-1.",
        retry=True,
    ),
    Row(
        "not_picklable",
        sign(
            r"PicklingError: ",
            r"TypeError: cannot pickle ",
            r"\[CONTEXT_ONLY_VALID_ON_DRIVER\]",
            r"Could not serialize object: ",
            r"SparkException: Task not serializable",
            r"java\.io\.NotSerializableException",
        ),
        "A function for the executors references an object that cannot be serialized.",
        "Create locks, connections and clients inside the function (once per partition: mapPartitions), and "
        "use neither spark nor a DataFrame in it.",
        verdict=Verdict.USER_CODE,
    ),
    Row(
        "tree_node",
        sign(r"TreeNodeException"),
        "A step of the query plan failed; this exception names only the step.",
        "Read the last 'Caused by' below. To shorten a very long plan, use checkpoint() or write "
        "intermediate results. Spark 3.2 and later report the cause itself.",
        weight=Weight.TRACE,
    ),
)

MASTER = (
    Row(
        "master_not_parsed",
        sign(
            r"Could not parse Master URL",
            r"Invalid master URL",
            r"URISyntaxException: [^\n]{0,200}\b(?:spark|k8s)://",
            r"Kubernetes master URL must start with",
            r"Invalid Kubernetes master scheme",
            r"Master must either be yarn or start with",
            r"Asked to run locally with -?\d{1,10} threads",
        ),
        "Spark cannot parse the master.",
        "Correct the host of the Airflow connection, or the master that the script sets itself: local[*], "
        "spark://host:7077, yarn, k8s://https://host:port.",
    ),
    Row(
        "application_removed",
        sign(r"Master removed our application", r"Application has been killed\. Reason: (?!All masters)"),
        "The master removed the application: a user killed it there, or its executors repeatedly failed to "
        "start.",
        "See the application's state on the master's page, and an executor's stderr. KILLED: a user or a "
        "tool killed it. FAILED: it exceeded spark.deploy.maxExecutorRetries; check "
        "spark.executor.extraJavaOptions and the executors' Java.",
        retry=True,
        verdict=Verdict.VANISHED,
        scope=Scope.LOG,
    ),
    Row(
        "masters_unresponsive",
        sign(r"All masters are unresponsive! Giving up", r"Spark cluster looks down"),
        "No master answered for a minute.",
        "Check the address and port of the connection (spark://host:7077) and that the master is up; a "
        "master of another Spark version does not answer either.",
        retry=True,
        scope=Scope.LOG,
    ),
    Row(
        "port_taken",
        sign(
            r"java\.net\.BindException",
            r"Service '[\w.]{1,60}' failed after \d{1,6} retries",
        ),
        "The driver could not open a port.",
        "Leave spark.driver.port and the like unset, or raise spark.port.maxRetries; if no port works, "
        "check spark.driver.bindAddress (SPARK_LOCAL_IP).",
        retry=True,
    ),
)

DRIVER = (
    Row(
        "package_not_found",
        sign(r"\[unresolved dependency: ", r"\[download failed: "),
        "A package was not found in any repository, or no repository answered.",
        "Check the coordinate (group:artifact_2.13:version). If output.log shows 'Host ... not found' or "
        "'Server access error', the worker cannot reach the repository: set jars= or "
        "spark.jars.ivySettings.",
        retry=True,
    ),
    Row(
        "context_not_started",
        sign(rf"(?<={CONTEXT_CONSTRUCTOR}\n): \S"),
        "Spark did not start in the driver.",
        "Usually a folder, an address or a port that cannot be used, or a wrong configuration value: correct "
        "it where it is set. The script is at fault only if it sets the value itself.",
        retry=True,
        weight=Weight.TRACE,
    ),
    Row(
        "driver_crashed",
        sign(r"^Fatal Python error: "),
        "The driver's Python crashed in native code.",
        "See the line where it crashed. Usually a package with native code is the cause: try another version "
        "of it, or OMP_NUM_THREADS=1.",
        verdict=Verdict.DRIVER_GONE,
        scope=Scope.LOG,
    ),
    Row(
        "driver_heap",
        sign(
            r"java\.lang\.OutOfMemoryError",
            r"OutOfMemoryError: Java heap space",
            r"GC overhead limit exceeded",
        ),
        "The driver's JVM ran out of heap.",
        "Raise spark.driver.memory, or bring less to the driver: collect, toPandas, broadcast and very many "
        "partitions or files all need memory there.",
        scope=Scope.LOG,
    ),
    Row(
        "context_stopped_by_script",
        sign(
            r"^AttributeError: 'NoneType' object has no attribute '(?:sc|setCallSite|parallelize|emptyRDD)'",
            r"^org\.apache\.spark\.api\.java\.JavaSparkContext\.stop\(",
        ),
        "The script used Spark after its own stop().",
        "Call spark.stop() last, or not at all: Spark stops when the script ends.",
        verdict=Verdict.USER_CODE,
        weight=Weight.NOISE,
    ),
    Row(
        "context_shut_down",
        sign(
            r"SparkContext was shut down",
            r"SparkContext has been shutdown",
            r"Cannot call methods on a stopped SparkContext",
            r"Job \d{1,9} cancelled because SparkContext",
            r'"org\.apache\.spark\.SparkEnv\$\.get\(\)" is null',
        ),
        "Spark was stopped while the script still used it.",
        "This is a consequence: look further up in output.log for what stopped it (the master, the driver's "
        "memory, a listener, a stop() in another thread).",
        retry=True,
        weight=Weight.NOISE,
    ),
    Row(
        "gateway_lost",
        sign(
            r"Py4JNetworkError: ",
            r"Answer from Java side is empty",
            r"Error while sending or receiving",
            r"An error occurred while trying to connect to the Java server",
            r"JAVA_GATEWAY_EXITED",
            r", in connect_to_java_server$",
        ),
        "The driver's JVM is gone, but its Python still ran.",
        "Signal 9 usually comes from the out-of-memory killer: see the host's log and spark.driver.memory. "
        "Otherwise look for hs_err_pid*.log in the working folder.",
        retry=True,
        verdict=Verdict.JVM_GONE,
        weight=Weight.NOISE,
    ),
    # Last: a job that starts late prints it too, and starvation alone ends no job.
    Row(
        "starved",
        sign(r"Initial job has not accepted any resources"),
        "No worker had room for an executor of this size.",
        "Compare spark.executor.memory (and its overhead) and spark.executor.cores with the workers, and "
        "see which applications use them.",
        retry=True,
        verdict=Verdict.STARVED,
        weight=Weight.NOISE,
    ),
)
