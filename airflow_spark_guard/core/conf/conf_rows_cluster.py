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
        "How often the driver looks for dead executors: an executor is given up at most so much later than "
        "spark.network.timeout.",
        bare="ms", falls_back_to=("spark.storage.blockManagerTimeoutIntervalMs",),
    ),
    Setting(
        "spark.executor.heartbeatInterval", "duration", (1, 1), "10s", every("10s"),
        "Also how often the counters of running tasks are refreshed: what the guard watches.",
        bare="ms",
    ),
    Setting(
        "spark.rpc.askTimeout", "duration", (1, 4), UNSET, every("120s"),
        "A question to a dead process fails after 2 minutes, however long network.timeout is.",
        bare="s", falls_back_to=(_NETWORK,),
    ),
    Setting(
        "spark.rpc.lookupTimeout", "duration", (1, 4), UNSET, every("120s"),
        "As long as without a profile, however long network.timeout is.",
        bare="s", falls_back_to=(_NETWORK,),
    ),
    Setting(
        "spark.rpc.io.connectionCreationTimeout", "duration", None, _OF_NETWORK, every("120s"),
        "As long as without a profile, however long network.timeout is.",
        bare="s", falls_back_to=("spark.rpc.io.connectionTimeout", _NETWORK),
    ),
)  # fmt: skip

SHUFFLE = (
    Setting(
        "spark.shuffle.io.maxRetries", "int", None, "3", every("3"),
        "Spark's own: a failing fetch is silent for 8 minutes at most, less than the default stall limit.",
    ),
    Setting(
        "spark.shuffle.io.retryWait", "duration", None, "5s", every("5s"),
        "Spark's own, as maxRetries.",
        bare="s",
    ),
    Setting(
        "spark.shuffle.io.connectionTimeout", "duration", None, _OF_NETWORK, every("120s"),
        "A fetch without a byte for 2 minutes fails and is tried again, however long network.timeout is.",
        bare="s", falls_back_to=(_NETWORK,),
    ),
    Setting(
        "spark.shuffle.io.connectionCreationTimeout", "duration", None,
        "<value of spark.shuffle.io.connectionTimeout>", every("120s"),
        "As long as without a profile, however long network.timeout is.",
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
        "spark.kryoserializer.buffer.max", "size", (1, 4), "64m", every("256m"),
        "For jobs that use Kryo: a large object fails with 'buffer overflow' at 64 MiB. The buffer grows "
        "only when an object needs it.",
        bare="m", falls_back_to=("spark.kryoserializer.buffer.max.mb",),
    ),
)  # fmt: skip

TASKS = (
    Setting(
        "spark.task.reaper.enabled", "bool", (2, 0), "false", every("true"),
        "Watches cancelled tasks until they end. It kills nothing: its killTimeout stays unset.",
    ),
    Setting(
        "spark.task.reaper.pollingInterval", "duration", (2, 0), "10s", every("10s"),
        "How often the reaper looks.",
        bare="ms",
    ),
    Setting(
        "spark.task.reaper.threadDump", "bool", (2, 0), "true", every("true"),
        "Writes into the executor's log where a cancelled task that does not end stands.",
    ),
    Setting(
        "spark.executor.processTreeMetrics.enabled", "bool", (3, 0), "false", every("true"),
        "Shows the memory of the Python workers beside the JVM's: the usual cause of a killed container.",
    ),
)  # fmt: skip

DRIVER = (
    Setting(
        "spark.scheduler.listenerbus.exitTimeout", "duration", (4, 0), "0ms", every("10min"),
        "By itself Spark waits without a limit for its listeners when it stops.",
        bare="ms",
    ),
    Setting(
        "spark.scheduler.listenerbus.eventqueue.capacity", "int", (2, 3), "10000", every("30000"),
        "A dropped event makes a running job look stalled. Costs driver memory only while listeners lag.",
        falls_back_to=("spark.scheduler.listenerbus.eventqueue.size",),
    ),
    Setting(
        "spark.sql.maxPlanStringLength", "size", (3, 0), "2147483632", every("65536"),
        "A long lineage makes plan texts of gigabytes, which stop the driver. Cuts only the text.",
        bare="b",
    ),
    Setting(
        "spark.submit.callSystemExitOnMainExit", "bool", (4, 1), "false", every("true"),
        "A thread that was left behind cannot keep the JVM of a finished script alive. Only for Python.",
        python_only=True,
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
        "Collected models and metrics do not fit into 1 GiB. The driver's host must have it.",
        bare="m",
    ),
    Setting(
        "spark.driver.maxResultSize", "size", (1, 2), "1g", only(ml="2g"),
        "Half the driver's memory: too large a result aborts with a clear message, before memory is full.",
        bare="b",
    ),
)  # fmt: skip
