"""One query asks a service that never answers, while a thread goes on with a small query every second."""

from __future__ import annotations

import socket
import threading
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812 - Spark's own habit

SERVER = socket.create_server(("127.0.0.1", 0))  # it takes connections, and answers none
ADDRESS = SERVER.getsockname()


def ask(customer: int) -> int:
    """Ask the service, without a time-out."""
    with socket.create_connection(ADDRESS) as service:
        service.sendall(b"%d\n" % customer)
        return int(service.recv(64))


def enrich(customer: int) -> int:
    """Every customer but one is in the cache."""
    return ask(customer) if customer == 7 else customer  # noqa: PLR2004 - any of them


def keep_counting() -> None:
    """What a dashboard asks for."""
    while True:
        spark.range(1000).selectExpr("sum(id)").collect()
        time.sleep(1)


spark = SparkSession.builder.config("spark.scheduler.mode", "FAIR").getOrCreate()
threading.Thread(target=keep_counting, daemon=True).start()
customers = spark.range(0, 10, 1, 2).select(F.udf(enrich, "long")("id").alias("customer"))
customers.write.format("noop").mode("overwrite").save()
