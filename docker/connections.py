"""Print the connections that a new stack has, for ``airflow connections import``; they hold no secret.

With ``SPARK_MASTER_URL`` the DAGs submit to a Spark of yours instead of the stack's.
"""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit

OUR_MASTER = "spark://spark-master:7077"
HISTORY = "http://spark-history:18080"


def connections(master: str) -> dict[str, dict[str, object]]:
    """``spark_default`` for operators, and ``spark_monitor_default`` for sensors of our own cluster."""
    url = urlsplit(master)
    if "://" not in master or "," in master:  # yarn; several masters, whose ports stay in the text
        return {"spark_default": {"conn_type": "spark", "host": master, "extra": {"deploy-mode": "client"}}}
    spark: dict[str, object] = {
        "conn_type": "spark",
        "host": f"{url.scheme}://{url.hostname}"
        if url.scheme == "spark"
        else master.removesuffix(f":{url.port}"),
        "port": url.port,
    }
    if master != OUR_MASTER:
        return {"spark_default": {**spark, "extra": {"deploy-mode": "client"}}}
    # Drivers share the container's memory with the scheduler, whatever heap a profile would like to have.
    conf = {"spark.driver.memory": "1g", "spark.driver.maxResultSize": "512m"}
    ours = {"deploy-mode": "client", "history_server": HISTORY, "conf": conf}
    monitor = {
        "conn_type": "spark_monitor",
        "host": HISTORY,
        "extra": {"history_server": HISTORY, "master": OUR_MASTER},
    }
    return {"spark_default": {**spark, "extra": ours}, "spark_monitor_default": monitor}


if __name__ == "__main__":
    print(json.dumps(connections(os.environ.get("SPARK_MASTER_URL") or OUR_MASTER), indent=2))
