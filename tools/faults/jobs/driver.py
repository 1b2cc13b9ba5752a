# ruff: noqa: PTH123, SIM115 - small scripts as users write them
"""Faults in the driver's own process: ``driver.py WHAT MOMENT``; the time of the fault is written to MOMENT.

A line that hangs carries the comment ``STUCK HERE (what)``.
"""

import atexit
import os
import resource
import subprocess
import sys
import threading
import time

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

what, moment = sys.argv[1], sys.argv[2]


def now():
    with open(moment, "w") as file:
        file.write(str(time.time()))


def while_true():
    count = 0
    now()
    while True:  # STUCK HERE (while_true)
        count += 1  # STUCK HERE (while_true)


def lock():
    first = threading.Lock()
    with first:
        now()
        first.acquire()  # STUCK HERE (lock)


def planning(numbers):
    """Millions of values in an ``isin`` become objects of the JVM, one call each, and then one plan."""
    now()
    return spark.range(10).where(col("id").isin(numbers)).count()  # STUCK HERE (planning)


def os_exit():
    def slow(rows):
        time.sleep(30)
        return rows

    job = threading.Thread(target=lambda: spark.sparkContext.range(2).mapPartitions(slow).count())
    job.start()
    time.sleep(3)
    now()
    os._exit(0)


def result_size():
    now()
    spark.range(4_000_000).toPandas()


def memory():
    """A limit of the script's own stands for that of a container: this machine is shared."""
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20),) * 2)
    rows = []
    now()
    while True:
        rows.append(bytearray(8 << 20))


def output():
    """A million lines a second, for three seconds' worth."""
    block = "".join(f"line {number} of a script that prints too much\n" for number in range(10_000))
    begin = time.monotonic()
    now()
    for second in range(1, 4):
        for _ in range(100):
            sys.stdout.write(block)
        time.sleep(max(0.0, second - (time.monotonic() - begin)))
    sys.stdout.flush()


def thread():
    def wait():
        threading.Event().wait()  # STUCK HERE (thread)

    threading.Thread(target=wait).start()
    now()


def at_exit():
    def wait():
        now()
        threading.Event().wait()  # STUCK HERE (at_exit)

    atexit.register(wait)


def child_stands():
    now()
    subprocess.run(["sleep", "600"], check=True)  # STUCK HERE (child_stands)


def child_works():
    """A program that writes for 32 s, four times the limit, and hardly computes."""
    write = "open('/dev/null', 'wb', 0).write(bytes(20_000)); time.sleep(0.2)"
    now()
    subprocess.run([sys.executable, "-c", f"import time\nfor _ in range(160): {write}"], check=True)


def sleep():
    """Something outside ends this driver."""
    now()
    time.sleep(300)  # STUCK HERE (sleep)


spark = SparkSession.builder.getOrCreate()
spark.range(100).count()
if what == "planning":
    planning(list(range(int(sys.argv[3]))))
else:
    {
        "while_true": while_true,
        "lock": lock,
        "os_exit": os_exit,
        "result_size": result_size,
        "memory": memory,
        "output": output,
        "thread": thread,
        "at_exit": at_exit,
        "child_stands": child_stands,
        "child_works": child_works,
        "sleep": sleep,
    }[what]()
