"""Stack dumps as a Python worker writes them to its executor's log."""

from __future__ import annotations

SPARK = "/opt/spark/python/lib/pyspark.zip/pyspark"


def dump(line=13, function="wait", *, whole=True):
    """A worker's dump, in that line of the user's code."""
    return (
        "Timeout (0:02:00)!\nThread 0x00007fcf2d27ab80 (most recent call first):\n"
        '  File "/usr/local/lib/python3.11/threading.py", line 327 in wait\n'
        f'  File "/jobs/enrich.py", line {line} in {function}\n'
        f'  File "{SPARK}/worker.py", line 3043 in main\n'
        + ('  File "<frozen runpy>", line 198 in _run_module_as_main\n' if whole else "")
    )
