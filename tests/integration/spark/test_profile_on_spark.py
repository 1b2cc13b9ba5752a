import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_spark_guard.core.conf import properties
from airflow_spark_guard.core.conf.profile import SparkProfile

pytestmark = pytest.mark.spark

JOB = """
import json, sys
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf, udf
import pandas as pd

spark = SparkSession.builder.getOrCreate()

@udf("long")
def grow(value):
    return value + 1

@pandas_udf("long")
def twice(column: pd.Series) -> pd.Series:
    return column * 2

frame = spark.range(0, 1000, 1, 4).select(twice(grow("id")).alias("n"))
groups = frame.repartition(3, "n").groupBy((frame.n % 7).alias("k")).count().collect()
rdd = spark.sparkContext.parallelize(range(10), 2).map(lambda n: (n % 2, n)).reduceByKey(max).collect()
read = None
if len(sys.argv) > 3:
    spark.range(5000).selectExpr("id", "id / 7D AS x").write.parquet(sys.argv[3])
    plain = udf(lambda x: x + 1.0, "double")
    read = spark.read.parquet(sys.argv[3]).select("id", plain("x").alias("y")).collect()
    read = sum(row.y == row.id / 7 + 1 for row in read)
def shuffled(make):
    objects = spark._jvm.java.util.ArrayList()
    for _ in range(3):
        objects.add(make())
    return spark.sparkContext._jsc.parallelize(objects, 2).repartition(3).collect()

def barrier(rows):
    from pyspark import BarrierTaskContext
    BarrierTaskContext.get().barrier()
    return rows

mixed = pd.DataFrame({"a": [1, "x", None]})
text = pd.DataFrame({"a": ["1", 2]})
vectors = pd.DataFrame({"v": [Vectors.dense([1, 2])]})
doubled = pd.DataFrame([[1, 2]], columns=["a", "a"])
arrays = spark.createDataFrame([([1, 2],)], "a array<int>")
worked = {}
for name, call in {
    "mixed column": lambda: spark.createDataFrame(mixed).count(),
    "number in a text column": lambda: spark.createDataFrame(text, "a string").count(),
    "vectors": lambda: spark.createDataFrame(vectors).count(),
    "two columns of one name": lambda: spark.createDataFrame(doubled).columns,
    "arrays to pandas": lambda: str(type(arrays.toPandas().a[0])),
    "vectors to pandas": lambda: str(spark.createDataFrame(vectors).toPandas().v[0]),
    "Java objects that Kryo cannot write": lambda: shuffled(lambda: spark._jvm.java.text.DecimalFormat()).size(),
    "Java objects that Kryo changes": lambda: str(
        shuffled(lambda: spark._jvm.java.net.InetAddress.getLoopbackAddress()).get(0)
    ),
    "a plan text beyond 64 KiB": lambda: spark.sql(f"SELECT length('{'x' * 70000}') AS n").first().n,
    "a barrier": lambda: spark.sparkContext.parallelize([1], 1).barrier().mapPartitions(barrier).count(),
    "time to stop a stream": lambda: spark.conf.get("spark.sql.streaming.stopTimeout"),
}.items():
    try:
        worked[name] = call()
    except Exception as error:
        worked[name] = f"{type(error).__name__}: {error}"[:200]
answer = {
    "worked": worked,
    "read": read,
    "rows": sum(row["count"] for row in groups),
    "rdd": sorted(rdd),
    "version": spark.version,
    "context": dict(spark.sparkContext.getConf().getAll()),
    "session": {key: spark.conf.get(key) for key in json.loads(sys.argv[2])},
}
with open(sys.argv[1], "w") as file:
    json.dump(answer, file)
spark.stop()
"""


def spark_home():
    import pyspark

    return Path(pyspark.__file__).parent


def installed_version():
    import pyspark

    return tuple(map(int, pyspark.__version__.split(".")[:2]))


def run_application(folder, conf, *, parquet=False):
    """Start the job with spark-submit and a properties file; give its answer back."""
    job, answer, file = folder / "job.py", folder / "answer.json", folder / "guard.conf"
    job.write_text(JOB, encoding="utf-8")
    file.write_text(properties.render({"spark.ui.enabled": "false", **conf}), encoding="utf-8")
    environment = {
        **os.environ,
        "SPARK_HOME": str(spark_home()),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    sql = json.dumps([key for key in conf if key.startswith("spark.sql.")])
    command = [str(spark_home() / "bin" / "spark-submit"), "--master", "local[1]"]
    command += ["--properties-file", str(file), str(job), str(answer), sql]
    command += [str(folder / "table")] if parquet else []
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(answer.read_text(encoding="utf-8"))


WORKED = {
    "mixed column": 3,
    "number in a text column": 2,
    "vectors": 1,
    "two columns of one name": ["a", "a"],
    "arrays to pandas": "<class 'numpy.ndarray'>",
    "vectors to pandas": "[1.0,2.0]",
    "Java objects that Kryo cannot write": 3,
    "Java objects that Kryo changes": "localhost/127.0.0.1",
    "a plan text beyond 64 KiB": 70000,
    "a barrier": 1,
    "time to stop a stream": "0ms",
}
# Values of earlier versions that could end a job which Spark alone lets live.
FORBIDDING = {
    "spark.barrier.sync.timeout",
    "spark.executor.heartbeat.maxFailures",
    "spark.serializer",
    "spark.sql.execution.arrow.pyspark.fallback.enabled",
    "spark.sql.streaming.stopTimeout",
    "spark.stage.maxAttempts",
    "spark.task.reaper.killTimeout",
}


@pytest.mark.parametrize("name", ["default", "ml-training", "strict", "none"])
def test_an_application_starts_works_and_shows_every_value_of_the_profile(tmp_path, name):
    """No profile makes Spark refuse to start, none breaks what works without it, none is ignored.

    A plain UDF over a Parquet table: Spark 4.2.0 alone waits for ever there, its columnar input and its Python
    worker for each other.
    """
    conf = SparkProfile(name).settings(installed_version(), deadline=3600)
    answer = run_application(tmp_path, conf, parquet=name != "none")
    assert answer["read"] == (None if name == "none" else 5000)
    assert answer["rows"] == 1000
    assert answer["rdd"] == [[0, 8], [1, 9]]
    assert answer["worked"] == WORKED, "as under the profile none, whose answer this is"
    assert not FORBIDDING & answer["context"].keys()
    assert {key: answer["context"].get(key) for key in conf} == conf
    assert answer["session"] == {key: value for key, value in conf.items() if key.startswith("spark.sql.")}


def test_the_rendered_defaults_file_is_one_that_spark_reads_with_odd_values_too(tmp_path):
    """A file of ``to_defaults_conf`` gives every value back: escapes, line ends and letters beyond ASCII."""
    odd = {"spark.odd.text": "C:\\new = #1 ü 漢\nsecond line: 😀", "spark.odd key:1": "!x"}
    profile = SparkProfile("default", overrides=odd)
    conf = properties.parse(profile.to_defaults_conf(installed_version()))
    assert conf == profile.settings(installed_version())
    answer = run_application(tmp_path, conf)
    assert {key: answer["context"].get(key) for key in conf} == conf


@pytest.mark.parametrize(
    "user",
    [
        {
            "spark.network.timeout": "61s",
            "spark.executor.heartbeatInterval": "60s",
            "spark.kryo.registrationRequired": "true",
        },
        {"spark.executor.heartbeatInterval": "119s"},
        {
            "spark.storage.blockManagerHeartbeatTimeoutMs": "60s",
            "spark.driver.timeout": "1min",
            "spark.buffer.size": "131072",
        },
    ],
)
def test_what_spark_takes_alone_it_takes_with_the_profile(tmp_path, user):
    """Values at the edge of Spark's own rules start below every profile."""
    conf = SparkProfile("strict", overrides=user).settings(installed_version(), deadline=3600)
    answer = run_application(tmp_path, conf)
    assert answer["rows"] == 1000
    assert {key: answer["context"][key] for key in user} == user


LATE = """
import org.apache.spark.sql.SparkSession;
public class Late {
  public static void main(String[] arguments) {
    SparkSession spark = SparkSession.builder().getOrCreate();
    new Thread(() -> {
      try {
        Thread.sleep(2000);
        java.nio.file.Files.writeString(java.nio.file.Path.of(arguments[0]), "" + spark.range(10).count());
      } catch (Exception error) { error.printStackTrace(); } finally { spark.stop(); }
    }).start();
  }
}
"""


@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK")
def test_an_application_in_java_may_work_on_after_its_main(tmp_path):
    """Its own thread is not cut off with exit code 0: only for Python the end of the script is the end."""
    (tmp_path / "Late.java").write_text(LATE, encoding="utf-8")
    jars = str(spark_home() / "jars" / "*")
    subprocess.run(["javac", "-cp", jars, "Late.java"], cwd=tmp_path, check=True)
    subprocess.run(["jar", "cf", "late.jar", "Late.class"], cwd=tmp_path, check=True)
    conf = SparkProfile("strict").effective(spark_version=installed_version(), deadline=3600, python=False)
    file, wrote = tmp_path / "guard.conf", tmp_path / "wrote"
    file.write_text(properties.render({"spark.ui.enabled": "false", **conf.plain()}), encoding="utf-8")
    command = [str(spark_home() / "bin" / "spark-submit"), "--master", "local[1]", "--properties-file"]
    command += [str(file), "--class", "Late", str(tmp_path / "late.jar"), str(wrote)]
    environment = {**os.environ, "SPARK_HOME": str(spark_home()), "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert wrote.read_text() == "10"
