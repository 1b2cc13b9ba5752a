"""Which threads of a Python worker may run its task; the others are a library's: keep-alives, exporters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_spark_guard.core.stacktraces.python_stack import is_users
from airflow_spark_guard.core.stacktraces.waiting import inner_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.stacktraces.python_stack import PythonThread

# Pools and event loops run what they are given, often a library's function (pool.map(requests.get, urls));
# Spark's own threads move the rows.
_GIVEN_WORK = re.compile(
    r"[/\\](?:concurrent[/\\]futures|multiprocessing|asyncio|joblib|loky|dask|distributed"
    r"|anyio|trio|tornado|twisted|gevent|pyspark)[/\\]"
)
_THREADING = re.compile(r"[/\\]threading\.py$")


def own_threads(threads: Sequence[PythonThread]) -> tuple[PythonThread, ...]:
    """The main thread, threads with user code, those of pools and event loops, and those without a frame.

    All threads, if one of these waits for the end of a thread: any of the others may be that one.
    """
    own = tuple(thread for thread in threads if thread.main or not thread.frames or _may_run_it(thread))
    return tuple(threads) if any(map(_joins, own)) else own


def _may_run_it(thread: PythonThread) -> bool:
    return any(is_users(frame) or _GIVEN_WORK.search(frame.file) for frame in thread.frames)


def _joins(thread: PythonThread) -> bool:
    inner = inner_frames(thread.frames)
    return any(
        frame.function.rpartition(".")[2] == "join" and _THREADING.search(frame.file) for frame in inner
    )
