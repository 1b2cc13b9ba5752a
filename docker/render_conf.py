"""Write Spark's configuration files of the images: ``python3 render_conf.py CLUSTER_CONF FOLDER``.

``cluster.conf`` holds what the processes of the cluster agree on; ``cluster-with-profile.conf`` also the
default profile, for drivers that no operator submits: Spark Connect, and spark-submit by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

from airflow_spark_guard.core.conf.profile import SparkProfile
from airflow_spark_guard.core.conf.properties import parse

FILES = {"cluster.conf": "none", "cluster-with-profile.conf": "default"}


def main(cluster_conf: str, folder: str) -> None:
    """Render each file; what the cluster says wins over a profile."""
    cluster = parse(Path(cluster_conf).read_text(encoding="utf-8"))
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, profile in FILES.items():
        text = SparkProfile(profile, overrides=cluster).to_defaults_conf()
        Path(folder, name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
