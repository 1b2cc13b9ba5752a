"""Rows of the profile: network, shuffle, serializer, tasks, driver and shutdown."""

from __future__ import annotations

from airflow_spark_guard.core.conf.conf_setting import UNSET, Setting, every, only

_NETWORK = "spark.network.timeout"
_OF_NETWORK = f"<value of {_NETWORK}>"

LIVENESS = (
    Setting(
        _NETWORK, "duration", (1, 3), "120s", every("180s", strict="120s"),
        "Upper bound for a dead or frozen executor; longer than Spark's own, so that a long GC pause passes.",
        bare="s",
    ),
    Setting(
        "spark.network.timeoutInterval", "duration", (1, 3), "60s", every("30s"),
        "How often the driver looks for dead executors: the error of the time-out above.",
        bare="ms", falls_back_to=("spark.storage.blockManagerTimeoutIntervalMs",),
    ),
    Setting(
        "spark.executor.heartbeatInterval", "duration", (1, 1), "10s", every("10s"),
        "Also how often the counters of running tasks are refreshed: the guard's eyes.",
        bare="ms",
    ),
    Setting(
        "spark.executor.heartbeat.maxFailures", "int", (1, 6), "60", every("18"),
        "An executor that cannot reach its driver ends itself after 3 minutes, not after 10.",
    ),
    Setting(
        "spark.rpc.askTimeout", "duration", (1, 4), UNSET, every("120s"),
        "A question to a dead process fails after 2 minutes, however long network.timeout is.",
        bare="s", falls_back_to=(_NETWORK,),
    ),
    Setting(
        "spark.rpc.lookupTimeout", "duration", (1, 4), UNSET, every("60s"),
        "Looking up a process that is gone fails after 1 minute.",
        bare="s", falls_back_to=(_NETWORK,),
    ),
    Setting(
        "spark.rpc.io.connectionCreationTimeout", "duration", None, _OF_NETWORK, every("30s"),
        "A host that swallows packets is noticed after 30 seconds, not after 2 minutes.",
        bare="s", falls_back_to=("spark.rpc.io.connectionTimeout", _NETWORK),
    ),
)  # fmt: skip

SHUFFLE = (
    Setting(
        "spark.shuffle.io.maxRetries", "int", None, "3", every("5"),
        "Two more tries make up for the shorter connection time-out below.",
    ),
    Setting(
        "spark.shuffle.io.retryWait", "duration", None, "5s", every("5s"),
        "Together with maxRetries: the longest silence of a failing fetch is known.",
        bare="s",
    ),
    Setting(
        "spark.shuffle.io.connectionTimeout", "duration", None, _OF_NETWORK, every("120s"),
        "A fetch without a byte for 2 minutes fails and is tried again, however long network.timeout is.",
        bare="s", falls_back_to=(_NETWORK,),
    ),
    Setting(
        "spark.shuffle.io.connectionCreationTimeout", "duration", None,
        "<value of spark.shuffle.io.connectionTimeout>", every("30s"),
        "A lost shuffle host is noticed after 30 seconds, not after 2 minutes.",
        bare="s", falls_back_to=("spark.shuffle.io.connectionTimeout", _NETWORK),
    ),
    Setting(
        "spark.shuffle.io.enableTcpKeepAlive", "bool", None, "false", every("true"),
        "The kernel notices half-open connections that a firewall or a dead host leaves behind.",
    ),
    Setting(
        "spark.shuffle.compress", "bool", (0, 6), "true", every("true"),
        "Less to send, less to wait for.",
    ),
    Setting(
        "spark.shuffle.spill.compress", "bool", (0, 9), "true", every("true"),
        "Less to spill: a full disk is a common cause of a stage that never ends.",
    ),
    Setting(
        "spark.io.compression.codec", "text", (0, 8), "lz4", every("lz4"),
        "The cheapest codec, for shuffle, spill and broadcast.",
    ),
    Setting(
        "spark.serializer", "text", (0, 5), "org.apache.spark.serializer.JavaSerializer",
        every("org.apache.spark.serializer.KryoSerializer"),
        "Smaller shuffles of JVM objects; Python pickles and DataFrame rows are not touched.",
    ),
    Setting(
        "spark.kryoserializer.buffer.max", "size", (1, 4), "64m", every("256m"),
        "A large object fails with «buffer overflow» at 64 MiB; this is the key that really raises it.",
        bare="m", falls_back_to=("spark.kryoserializer.buffer.max.mb",),
    ),
)  # fmt: skip

TASKS = (
    Setting(
        "spark.task.reaper.enabled", "bool", (2, 0), "false", every("true"),
        "Watches cancelled tasks until they are gone; without it a deaf task keeps its core for ever.",
    ),
    Setting(
        "spark.task.reaper.pollingInterval", "duration", (2, 0), "10s", every("10s"),
        "How often the reaper looks.",
        bare="ms",
    ),
    Setting(
        "spark.task.reaper.threadDump", "bool", (2, 0), "true", every("true"),
        "Says in the executor's log where the deaf task hangs.",
    ),
    Setting(
        "spark.task.reaper.killTimeout", "duration", (2, 0), "-1ms", every("120s"),
        "A cancelled task that ignores its end for 2 minutes costs its executor JVM.",
        bare="ms",
    ),
    Setting(
        "spark.stage.maxAttempts", "int", (3, 5), "2147483647", every("8"),
        "A stage that loses its input again and again is not started for ever.",
    ),
    Setting(
        "spark.barrier.sync.timeout", "duration", (2, 4), "365d", every("600s"),
        "One lost member of a barrier stage fails the others after 10 minutes, not after a year.",
        bare="s",
    ),
    Setting(
        "spark.executor.processTreeMetrics.enabled", "bool", (3, 0), "false", every("true"),
        "Shows the memory of the Python workers beside the JVM's: the usual cause of a killed container.",
    ),
)  # fmt: skip

DRIVER = (
    Setting(
        "spark.scheduler.listenerbus.exitTimeout", "duration", (4, 0), "0ms", every("60s"),
        "By itself Spark waits for ever for its listeners when it stops.",
        bare="ms",
    ),
    Setting(
        "spark.scheduler.listenerbus.eventqueue.capacity", "int", (2, 3), "10000", every("30000"),
        "A dropped event makes a running job look stalled.",
        falls_back_to=("spark.scheduler.listenerbus.eventqueue.size",),
    ),
    Setting(
        "spark.sql.maxPlanStringLength", "size", (3, 0), "2147483632", every("65536"),
        "A long lineage makes plan texts of gigabytes, which stop the driver.",
        bare="b",
    ),
    Setting(
        "spark.sql.streaming.stopTimeout", "duration", (3, 0), "0", every("60s"),
        "By itself Spark waits for ever for a streaming query to stop.",
        bare="ms",
    ),
    Setting(
        "spark.submit.callSystemExitOnMainExit", "bool", (4, 1), "false", every("true"),
        "A thread that was left behind cannot keep a finished JVM alive.",
    ),
    Setting(
        "spark.plugins", "text", (3, 0), "", every("org.apache.spark.deploy.DriverTimeoutPlugin"),
        "The JVM ends itself when everything that watched it is gone; needs spark.driver.timeout.",
        needs_deadline=True,
    ),
    Setting(
        "spark.driver.timeout", "duration", (4, 0), "0min", every("{minutes}min"),
        "The deadline and 2 minutes: a backstop that fires only when the guard itself is gone.",
        bare="min", needs_deadline=True,
    ),
    Setting(
        "spark.driver.memory", "size", (1, 1), "1g", only(ml="4g"),
        "Collected models and metrics do not fit into 1 GiB.",
        bare="m",
    ),
    Setting(
        "spark.driver.maxResultSize", "size", (1, 2), "1g", only(ml="2g"),
        "Half the driver's memory: too large a result aborts with a clear message, before memory is full.",
        bare="b",
    ),
)  # fmt: skip
