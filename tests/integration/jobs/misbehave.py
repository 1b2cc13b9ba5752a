"""One script, many ways to misbehave; most need no Spark session."""

import os
import sys
import threading
import time

from airflow_spark_guard.job import report

what = sys.argv[1]
if what == "fine":
    report({"args": sys.argv[2:]}, rows=3)
elif what == "session":
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    rows = spark.range(1000).repartition(4).count()
    report(
        {
            "rows": rows,
            "timeout": spark.sparkContext.getConf().get("spark.network.timeout"),
            "secret": spark.sparkContext.getConf().get("spark.my.password", "none"),
        }
    )
elif what == "sys.exit(3)":
    sys.exit(3)
elif what == "os._exit(0)":
    report(1)
    os._exit(0)
elif what == "raise":
    report({"so": "far"})
    print("ünïcode before the end")
    raise ValueError("in the last line")
elif what == "200 MB":
    # Words that differ: lines that differ only in digits would be counted instead of shown.
    letters = str.maketrans("0123456789", "ghijklmnop")
    block = "".join(f"{n:099d}\n".translate(letters) for n in range(100_000))
    for _ in range(20):
        sys.stdout.write(block)
    report("printed")
elif what == "invalid UTF-8":
    sys.stdout.buffer.write(b"\xff\xfe broken \x1b[31m\n")
    report("printed")
elif what == "thread with result":
    report("done")
    threading.Thread(target=time.sleep, args=(600,)).start()
elif what == "thread":
    threading.Thread(target=time.sleep, args=(600,)).start()
elif what == "result not JSON":
    report({1, 2})
elif what == "result too large":
    report("x" * 2000)
elif what == "foreign message":
    open(os.environ["SPARK_GUARD_CHANNEL"], "a").write("not ours\n")
    time.sleep(60)
elif what == "crash":
    import ctypes

    ctypes.string_at(0)
elif what == "kill jvm":
    os.kill(os.getppid(), 9)
    time.sleep(60)
elif what == "wait":
    while not os.path.exists(sys.argv[2]):
        time.sleep(0.1)
elif what == "sleep":
    time.sleep(600)
