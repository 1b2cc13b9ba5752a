# ruff: noqa: PTH123, SIM115 - small scripts as users write them
"""Tasks that wait: ``tasks.py WHAT MOMENT``; when the waiting begins is written to MOMENT.

A line that hangs carries the comment ``STUCK HERE (what)``.
"""

import sched
import shutil
import socket
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

from airflow_spark_guard.job import heartbeat

what, moment = sys.argv[1], sys.argv[2]
spark = SparkSession.builder.getOrCreate()

LENGTH = 32.0  # seconds that the healthy ones wait: more than three times their stall limit of 8 s


def now():
    with open(moment, "w") as file:
        file.write(str(time.time()))


def run(function):
    """One task of one row."""
    rows = spark.range(0, 1, 1, 1).select(udf(function, "long", useArrow=False)("id").alias("x"))
    rows.write.format("noop").mode("overwrite").save()


def polls():
    """A flag that nothing sets."""

    def wait(number):
        done = False
        now()
        while not done:  # STUCK HERE (polls)
            time.sleep(0.5)  # STUCK HERE (polls)
        return number

    run(wait)


def service():
    """The same loop asks a service, which answers "not yet" until it is done."""
    begun = threading.Event()

    class Service(BaseHTTPRequestHandler):
        def do_GET(self):
            begun.started = getattr(begun, "started", None) or time.monotonic()
            answer = b"done" if time.monotonic() - begun.started > LENGTH else b"not yet"
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            """Not a line a request."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"

    def wait(number):
        done = False
        now()
        while not done:
            with urllib.request.urlopen(url, timeout=10) as answer:
                done = answer.read() == b"done"
            time.sleep(0.5)
        return number

    run(wait)


def beats():
    """The same loop calls ``heartbeat()``."""

    def wait(number):
        end = time.monotonic() + LENGTH
        now()
        while time.monotonic() < end:
            heartbeat("waits for the other side")
            time.sleep(0.5)
        return number

    run(wait)


def late():
    """A server that answers after half a minute, and is waited for without a time-out."""

    def wait(number):
        server = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(server.getsockname())
        there, _ = server.accept()
        threading.Timer(LENGTH, lambda: there.sendall(b"x")).start()
        now()
        return len(client.recv(1))  # STUCK HERE (late)

    run(wait)


def keep_alive():
    """A thread like that of a database client: 50 bytes every two seconds, and no line of this file in it."""
    asks, clock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), sched.scheduler()
    for number in range(600):
        clock.enter(2 * number, 1, asks.sendto, (bytes(50), ("127.0.0.1", 9)))
    threading.Thread(target=clock.run, daemon=True).start()


def beside():
    """A lock that nothing releases, beside a client that keeps its connection alive."""

    def wait(number):
        keep_alive()
        held = threading.Lock()
        held.acquire()
        now()
        held.acquire()  # STUCK HERE (beside)
        return number

    run(wait)


def downloads():
    """A thread of a library copies 100 kB a second for the task and then wakes it, beside the same client."""
    server = socket.create_server(("127.0.0.1", 0))

    def send():
        client, _ = server.accept()
        end = time.monotonic() + LENGTH
        with client:
            while time.monotonic() < end:
                client.sendall(bytes(20_000))
                time.sleep(0.2)

    threading.Thread(target=send, daemon=True).start()
    address = server.getsockname()

    def wait(number):
        keep_alive()
        source = socket.create_connection(address).makefile("rb")
        done, work = threading.Event(), sched.scheduler()
        work.enter(0, 1, shutil.copyfileobj, (source, open("/dev/null", "wb")))
        work.enter(0, 2, done.set)
        threading.Thread(target=work.run, daemon=True).start()
        now()
        done.wait()
        return number

    run(wait)


def after_long():
    """Tasks of 4 s for about a minute, and then one that hangs: 5 times the median is twice the limit of 10 s.

    A minute, because the times of tasks are asked for once a minute.
    """

    def work(number, rows):
        now()
        if number == 28:
            server = socket.create_server(("127.0.0.1", 0))
            client = socket.create_connection(server.getsockname())
            client.recv(1)  # STUCK HERE (after_long)
        time.sleep(4.0)
        return [sum(rows)]

    spark.sparkContext.range(0, 1000, 1, 30).mapPartitionsWithIndex(work).sum()


{
    "polls": polls,
    "service": service,
    "beats": beats,
    "late": late,
    "beside": beside,
    "downloads": downloads,
    "after_long": after_long,
}[what]()
