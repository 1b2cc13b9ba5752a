"""Rows of the profile: network, shuffle, serializer, tasks, driver and shutdown."""

from __future__ import annotations

from airflow_spark_guard.core.conf.conf_setting import UNSET, Setting, every, only
from airflow_spark_guard.core.watch.watch_limits import HEARTBEAT

_HEARTBEAT = f"{HEARTBEAT:g}s"
_NETWORK = "spark.network.timeout"
_OF_NETWORK = f"<value of {_NETWORK}>"

LIVENESS = (
    Setting(
        _NETWORK, "duration", (1, 3), "120s", every("180s", strict="120s"),
        "Upper bound for detecting a dead or frozen executor; longer than Spark's default, so that a long GC "
        "pause passes.",
        bare="s",
    ),
    Setting(
        "spark.network.timeoutInterval", "duration", (1, 3), "60s", every("30s"),
        "How often the driver checks for dead executors: detection takes at most so much longer than "
        "spark.network.timeout.",
        bare="ms", falls_back_to=("spark.storage.blockManagerTimeoutIntervalMs",),
    ),
    Setting(
        "spark.executor.heartbeatInterval", "duration", (1, 1), _HEARTBEAT, every(_HEARTBEAT),
        "Also how often the counters of running tasks, which the guard watches, are refreshed.",
        bare="ms",
    ),
    Setting(
        "spark.rpc.askTimeout", "duration", (1, 4), UNSET, every("120s"),
        "A request to a dead process fails after 2 minutes, however long network.timeout is.",
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
        "Spark's default: a failing fetch is silent for 8 minutes at most, below the default stall limit.",
    ),
    Setting(
        "spark.shuffle.io.retryWait", "duration", None, "5s", every("5s"),
        "Spark's default, for the same reason as maxRetries.",
        bare="s",
    ),
    Setting(
        "spark.shuffle.io.connectionTimeout", "duration", None, _OF_NETWORK, every("120s"),
        "A fetch that receives no byte for 2 minutes fails and is retried, however long network.timeout is.",
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
        "Less data to send and to wait for.",
    ),
    Setting(
        "spark.shuffle.spill.compress", "bool", (0, 9), "true", every("true"),
        "Less data to spill: a full disk is a common cause of a stage that never ends.",
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
        "Monitors cancelled tasks until they end. It does not kill any: its killTimeout stays unset.",
    ),
    Setting(
        "spark.task.reaper.pollingInterval", "duration", (2, 0), "10s", every("10s"),
        "How often the reaper checks.",
        bare="ms",
    ),
    Setting(
        "spark.task.reaper.threadDump", "bool", (2, 0), "true", every("true"),
        "Writes the stack of a cancelled task that does not end into the executor's log.",
    ),
    Setting(
        "spark.executor.processTreeMetrics.enabled", "bool", (3, 0), "false", every("true"),
        "Shows the memory of the Python workers beside the JVM's: the usual cause of a killed container.",
    ),
)  # fmt: skip

DRIVER = (
    Setting(
        "spark.scheduler.listenerbus.exitTimeout", "duration", (4, 0), "0ms", every("10min"),
        "By default Spark waits for its listeners without a limit when it stops.",
        bare="ms",
    ),
    Setting(
        "spark.scheduler.listenerbus.eventqueue.capacity", "int", (2, 3), "10000", every("30000"),
        "A dropped event makes a running job look stalled. Uses driver memory only while listeners lag.",
        falls_back_to=("spark.scheduler.listenerbus.eventqueue.size",),
    ),
    Setting(
        "spark.sql.maxPlanStringLength", "size", (3, 0), "2147483632", every("65536"),
        "A long lineage causes plan texts of gigabytes, which block the driver. Truncates only the text.",
        bare="b",
    ),
    Setting(
        "spark.submit.callSystemExitOnMainExit", "bool", (4, 1), "false", every("true"),
        "A leftover thread cannot keep the JVM of a finished script alive. Only for Python.",
        python_only=True,
    ),
    Setting(
        "spark.plugins", "text", (3, 0), "", every("org.apache.spark.deploy.DriverTimeoutPlugin"),
        "The JVM exits by itself when everything that watched it is gone; needs spark.driver.timeout.",
        needs_deadline=True,
    ),
    Setting(
        "spark.driver.timeout", "duration", (4, 0), "0min", every("{minutes}min"),
        "The deadline plus 2 minutes: a backstop that fires only when the guard itself is gone.",
        bare="min", needs_deadline=True,
    ),
    Setting(
        "spark.driver.memory", "size", (1, 1), "1g", only(ml="4g"),
        "Collected models and metrics do not fit into 1 GiB. The driver's host needs that much memory.",
        bare="m",
    ),
    Setting(
        "spark.driver.maxResultSize", "size", (1, 2), "1g", only(ml="2g"),
        "Half the driver's memory: too large a result fails with a clear message before memory runs out.",
        bare="b",
    ),
)  # fmt: skip
