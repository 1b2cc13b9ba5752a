"""Jobs that provoke Spark's own failures, one each, as small as they can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

LOCAL: Final = "local[1]"
CLUSTER: Final = "local-cluster[1,1,1024]"  # real executors, which a task can lose
OTHER_PYTHON: Final = "system python"  # an interpreter of the same version without our packages


@dataclass(frozen=True)
class Case:
    """One failure.

    Attributes:
        name: of the fixture, which begins with the name of the row that it is to find.
        script: the job; ``spark`` and ``sc`` stand ready.
        master: Spark's master.
        conf: Spark properties.
        env: environment of spark-submit.
        output: whether the output tells, not the traceback.
        session: whether the job gets a session; the script does it itself where that is what fails.
    """

    name: str
    script: str
    master: str = LOCAL
    conf: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    output: bool = False
    session: bool = True


_ON_AN_EXECUTOR = "from pyspark.sql.functions import udf\n"
_EXECUTOR_JVM = """
import os, signal
def parent(pid):
    return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
def lose_the_executor(rows):
    os.kill(parent(os.getppid()), signal.SIGKILL)
    return rows
"""
_DRIVER_JVM = "import os, signal, threading, time\njvm = os.getppid()\n"
_FILL_THE_HEAP = (
    "spark.range(0, 60, 1, 60).selectExpr('id', 'transform(sequence(0, 100000), "
    "i -> sha2(string(i + 100000 * id), 512)) s').collect()\n"
)
_SMALL_HEAP = {"spark.driver.memory": "512m", "spark.driver.maxResultSize": "0"}

CASES: Final = (
    # the driver and its two processes
    Case(
        "gateway_lost",
        _DRIVER_JVM + "threading.Timer(3, os.kill, (jvm, signal.SIGKILL)).start()\n"
        "sc.parallelize(range(1)).map(lambda x: time.sleep(30)).collect()\n",
    ),
    Case(
        "gateway_lost.refused",
        _DRIVER_JVM + "os.kill(jvm, signal.SIGKILL)\ntime.sleep(2)\nspark.range(1).count()\n",
    ),
    Case("context_stopped_by_script", "spark.stop()\nspark.range(1).count()\n"),
    Case("context_shut_down.frame", "frame = spark.range(1)\nspark.stop()\nframe.count()\n"),
    Case("context_shut_down.stopped", "frame = spark.range(1)\nsc._jsc.sc().stop()\nframe.count()\n"),
    Case(
        "context_shut_down",
        "import threading, time\nthreading.Timer(3, lambda: sc._jsc.sc().stop()).start()\n"
        "sc.parallelize(range(1)).map(lambda x: time.sleep(30)).collect()\n",
    ),
    Case(
        "application_removed",
        "spark.range(1).count()\n",
        CLUSTER,
        {"spark.executor.extraJavaOptions": "-agentlib:nosuch", "spark.deploy.maxExecutorRetries": "2"},
        output=True,
    ),
    Case("masters_unresponsive", "spark.range(1).count()\n", "spark://127.0.0.1:1", output=True),
    Case("driver_heap", _FILL_THE_HEAP, LOCAL, _SMALL_HEAP),
    Case("driver_heap.output", _FILL_THE_HEAP, LOCAL, _SMALL_HEAP, output=True),
    Case(
        "result_too_large",
        "sc.parallelize(range(1), 1).map(lambda i: __import__('os').urandom(3 << 20)).collect()\n",
        LOCAL,
        {"spark.driver.maxResultSize": "1m"},
    ),
    Case(
        "kryo_buffer",
        "jvm = sc._jvm\nkryo = jvm.org.apache.spark.SparkEnv.get().serializer().newInstance()\n"
        "kryo.serialize(bytearray(3 << 20), jvm.scala.reflect.ClassTag.Any())\n",
        LOCAL,
        {
            "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
            "spark.kryoserializer.buffer.max": "1m",
        },
    ),
    Case(
        "task_too_large",
        "sc.parallelize([b'x' * (3 << 20)], 1).map(len).collect()\n",
        CLUSTER,
        {"spark.rpc.message.maxSize": "1"},
    ),
    Case(
        "broadcast_too_large",
        "from pyspark.sql.functions import broadcast\n"
        "big = spark.range(100000)\nbig.join(broadcast(big), 'id').count()\n",
        LOCAL,
        {"spark.sql.maxBroadcastTableSize": "1k"},
    ),
    Case(
        "broadcast_timeout",
        "from pyspark.sql.functions import broadcast, udf\nimport time\n"
        "slow = spark.range(1).select(udf(lambda i: time.sleep(20) or i, 'long')('id').alias('id'))\n"
        "spark.range(10).join(broadcast(slow), 'id').count()\n",
        LOCAL,
        {"spark.sql.broadcastTimeout": "2", "spark.sql.adaptive.enabled": "false"},
    ),
    Case(
        "not_picklable",
        "import threading\nlock = threading.Lock()\nsc.parallelize([1]).map(lambda x: (lock, x)).collect()\n",
    ),
    Case("not_picklable.context", "sc.parallelize([1]).map(lambda x: sc.parallelize([x])).collect()\n"),
    Case(
        "port_taken",
        "import socket\ntaken = socket.create_server(('127.0.0.1', 0))\n"
        "from pyspark.sql import SparkSession\n"
        "SparkSession.builder.config('spark.driver.port', taken.getsockname()[1]).getOrCreate()\n",
        LOCAL,
        {"spark.port.maxRetries": "0"},
        session=False,
    ),
    Case(
        "starved",
        "import os, threading\nthreading.Timer(12, os._exit, (1,)).start()\nspark.range(1).count()\n",
        CLUSTER,
        {"spark.executor.cores": "2", "spark.starvation.timeout": "3s"},
        output=True,
    ),
    # the cluster around it
    Case("unknown_host", "spark.read.csv('hdfs://no-such-host.invalid:8020/data')\n"),
    Case(
        "connection_refused",
        "spark.read.csv('hdfs://127.0.0.1:1/data')\n",
        LOCAL,
        {"spark.hadoop.ipc.client.connect.max.retries": "0"},
    ),
    Case(
        "no_space",
        "spark.range(3000000).repartition(4).selectExpr('max(sha2(string(id), 512))').collect()\n"
        "sc.parallelize(range(60), 1)"
        ".map(lambda i: (i, __import__('os').urandom(1 << 20))).groupByKey().count()\n",
        LOCAL,
        {"spark.local.dir": "{small_disk}"},
    ),
    Case(
        "fetch_failed",
        "import pathlib\npairs = sc.parallelize(range(100), 2).map(lambda i: (i, i)).groupByKey(2)\n"
        "pairs.count()\n"
        "[file.unlink() for file in pathlib.Path('{scratch}').rglob('shuffle_*')]\n"
        "pairs.count()\n",
        LOCAL,
        {"spark.stage.maxConsecutiveAttempts": "1", "spark.local.dir": "{scratch}"},
    ),
    Case(
        "executor_lost",
        _EXECUTOR_JVM + "sc.parallelize([1], 1).mapPartitions(lose_the_executor).collect()\n",
        CLUSTER,
        {"spark.task.maxFailures": "1"},
    ),
    Case(
        "executor_heap",
        "spark.range(0, 1, 1, 1).selectExpr('size(sequence(0L, id + 90000000L))').collect()\n",
        CLUSTER,
        {"spark.executor.memory": "512m", "spark.task.maxFailures": "1"},
    ),
    # Python on the executors
    Case(
        "python_version",
        "sc.pythonVer = '3.9'\nsc.parallelize([1]).map(lambda x: x).collect()\n",
    ),
    Case(
        "no_pyarrow",
        _ON_AN_EXECUTOR + "spark.range(1).mapInArrow(lambda batches: batches, 'id long').collect()\n",
        env={"PYSPARK_PYTHON": OTHER_PYTHON},
    ),
    Case(
        "no_pyarrow.udf",
        _ON_AN_EXECUTOR + "spark.range(1).select(udf(lambda i: i, 'long', useArrow=True)('id')).collect()\n",
        env={"PYSPARK_PYTHON": OTHER_PYTHON},
    ),
    Case(
        "module_missing",
        "import sys\nsys.path.insert(0, '{modules}')\nimport pricing\n"
        "sc.parallelize([1]).map(pricing.price).collect()\n",
    ),
    Case(
        "module_missing.in_function",
        _ON_AN_EXECUTOR + "import sys\nsys.path.insert(0, '{modules}')\n"
        "def price(i):\n    import pricing\n    return pricing.price(i)\n"
        "spark.range(1).select(udf(price, 'long')('id')).collect()\n",
    ),
    Case(
        "no_pyspark",
        "sc.parallelize([1]).map(lambda x: x).collect()\n",
        conf={"spark.executorEnv.PYTHONPATH": ""},
        env={"PYSPARK_PYTHON": "{modules}/bare-python"},
    ),
    Case(
        "python_missing",
        "sc.parallelize([1]).map(lambda x: x).collect()\n",
        env={"PYSPARK_PYTHON": "/opt/no-such-python/bin/python3"},
    ),
    Case(
        "worker_crashed",
        _ON_AN_EXECUTOR + "import os\ndef leave(i):\n    os._exit(1)\n"
        "spark.range(1).select(udf(leave, 'long')('id')).collect()\n",
    ),
    Case(
        "worker_segfault",
        _ON_AN_EXECUTOR + "import ctypes\ndef wild(i):\n    return ctypes.string_at(0)\n"
        "spark.range(1).select(udf(wild, 'long')('id')).collect()\n",
        conf={
            "spark.python.worker.faulthandler.enabled": "true",
            "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
        },
    ),
    Case(
        "worker_segfault.rdd",
        "import ctypes\ndef wild(i):\n    return ctypes.string_at(0)\n"
        "sc.parallelize([1]).map(wild).collect()\n",
        conf={"spark.python.worker.faulthandler.enabled": "true"},
    ),
    Case(
        "driver_crashed",
        "import ctypes\nctypes.string_at(0)\n",
        env={"PYTHONFAULTHANDLER": "1"},
        output=True,
    ),
    Case(
        "worker_idle",
        "import time\ndef nap(i):\n    time.sleep(60)\nsc.parallelize([1]).map(nap).collect()\n",
        conf={
            "spark.python.worker.idleTimeoutSeconds": "2",
            "spark.python.worker.killOnIdleTimeout": "true",
        },
    ),
    Case(
        "worker_idle.udf",
        _ON_AN_EXECUTOR + "import time\ndef nap(i):\n    time.sleep(60)\n"
        "spark.range(1).select(udf(nap, 'long')('id')).collect()\n",
        conf={
            "spark.sql.execution.pyspark.udf.idleTimeoutSeconds": "2",
            "spark.sql.execution.pyspark.udf.killOnIdleTimeout": "true",
            "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
        },
    ),
    Case(
        "worker_memory",
        _ON_AN_EXECUTOR + "def grow(i):\n    return len(bytearray(2 << 30))\n"
        "spark.range(1).select(udf(grow, 'long')('id')).collect()\n",
        conf={"spark.executor.pyspark.memory": "600m"},
    ),
    Case(
        "worker_threads",
        "import numpy as np, pickle\nfrom sklearn.ensemble import HistGradientBoostingRegressor\n"
        "rows = np.random.rand(5000, 5)\n"
        "model = HistGradientBoostingRegressor(max_iter=5).fit(rows, rows[:, 0])\n"
        "model = sc.broadcast(model)\n"
        "def guess(i):\n    return float(model.value.predict(np.random.rand(5000, 5))[0])\n"
        + _ON_AN_EXECUTOR
        + "spark.range(1).select(udf(guess, 'double')('id')).collect()\n",
        conf={"spark.executor.pyspark.memory": "1g", "spark.executorEnv.OMP_NUM_THREADS": "64"},
        env={"OMP_NUM_THREADS": "64"},
        output=True,
    ),
    Case(
        "vector_past_function",
        "import tempfile\nfrom pyspark.ml.linalg import Vectors\n"
        "from pyspark.sql.functions import pandas_udf\n"
        "folder = tempfile.mkdtemp() + '/v'\n"
        "spark.createDataFrame([(1, Vectors.dense([1.0]))], ['id', 'v']).write.parquet(folder)\n"
        "same = pandas_udf(lambda x: x, 'long')\n"
        "spark.read.parquet(folder).withColumn('same', same('id')).collect()\n",
    ),
    # the user's own failures, which no row may claim
    Case("none.analysis", "spark.range(1).select('nobody').collect()\n"),
    Case("none.parse", "spark.sql('selec 1')\n"),
    Case("none.driver", "rows = spark.range(1).collect()\n{}['missing']\n"),
    Case("none.driver_module", "import no_such_module\n"),
    Case(
        "none.udf",
        _ON_AN_EXECUTOR + "def ratio(i):\n    return 1 // i\n"
        "spark.range(1).select(udf(ratio, 'long')('id')).collect()\n",
    ),
    Case("none.rdd", "def ratio(i):\n    return 1 // i\nsc.parallelize([0]).map(ratio).collect()\n"),
    Case("none.ansi", "spark.sql('select 1 / 0').collect()\n"),
    Case("none.no_such_path", "spark.read.parquet('/data/nowhere').count()\n"),
    Case(
        "none.then_stopped",
        "try:\n    raise ValueError('bad price')\nfinally:\n"
        "    sc._jsc.sc().stop()\n    spark.range(1).count()\n",
    ),
)
