"""``ship_modules``: the job's own modules for executors, which otherwise raise ``No module named ...``."""

from __future__ import annotations

import atexit
import importlib.util
import shutil
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

from airflow_spark_guard.job.instruments.errors import ShippingError
from airflow_spark_guard.job.instruments.executors.module_archive import name_of, sources_of, write_archive
from airflow_spark_guard.job.text import shown


def ship_modules(spark: Any, *modules_or_paths: types.ModuleType | str | Path) -> tuple[str, ...]:
    """Send modules and packages to the executors, so that functions that import them run there.

    ::

        import my_local_utilities
        ship_modules(spark, my_local_utilities)

    They go as one zip of Python sources through ``SparkContext.addPyFile``, or ``addArtifacts`` with Spark
    Connect. Executors that start later get it as well. A Python worker that has already imported an older
    version keeps it: set ``spark.python.worker.reuse`` to false if modules change while the job runs.

    Args:
        spark: a session, classic or Spark Connect, from Spark 3.5.
        modules_or_paths: each a module, its name, a file ``.py`` (a Path, or text that ends so), or the
            folder of a package. Of a module in a package, the whole outermost package is sent.

    Returns:
        The names that executors can import now, sorted. Content that the application has already is not
        sent again; with Spark Connect it is, and the server keeps one.

    Raises:
        ShippingError: a name that does not exist, compiled code, a symlink out of a package, too many files
            or bytes; nothing is sent then.
    """
    sources: dict[str, bytes] = {}
    for item in modules_or_paths:
        sources.update(sources_of(_path_of(item)))
    if not sources:
        return ()
    _send(spark, sources)
    return tuple(sorted({name.partition("/")[0].removesuffix(".py") for name in sources}))


def _path_of(item: types.ModuleType | str | Path) -> Path:
    if isinstance(item, types.ModuleType):
        return _path_of_module(item.__name__)
    if isinstance(item, Path) or item.endswith((".py", "/")) or "/" in item or "\\" in item:
        path = Path(item).absolute()
        if not path.exists():
            raise ShippingError(
                "The path does not exist.",
                got=shown(str(item), 200),
                expected="a file .py, or the folder of a package",
                advice="Check the path; a relative one starts at the driver's working directory.",
            )
        return path
    return _path_of_module(item)


def _path_of_module(name: str) -> Path:
    top = name.partition(".")[0]
    try:
        module = sys.modules.get(top)
        spec = getattr(module, "__spec__", None) or importlib.util.find_spec(top)
    except (ImportError, ValueError):
        spec = None
    file = getattr(sys.modules.get(top), "__file__", None) or (spec.origin if spec is not None else None)
    if spec is not None and spec.submodule_search_locations is not None:
        return _only_folder(top, list(spec.submodule_search_locations))
    if not isinstance(file, str) or not Path(file).is_file():
        raise ShippingError(
            "The module cannot be sent.",
            got=f"{shown(name, 100)!r}: {_reason(spec)}",
            expected="a module of Python source that the driver can import",
            advice="Check the name, or pass the path of its file or folder.",
        )
    return Path(file).absolute()


def _only_folder(name: str, folders: list[str]) -> Path:
    if len(folders) == 1 and Path(folders[0]).is_dir():
        return Path(folders[0]).absolute()
    raise ShippingError(
        "The package does not have one folder.",
        got=f"{shown(name, 100)!r}: {shown(', '.join(folders), 200) or 'no folder'}",
        expected="a package in one folder, not in a zip",
        advice="Pass the folder that you need as a path, or send the zip with SparkContext.addPyFile.",
    )


def _reason(spec: Any) -> str:
    if spec is None:
        return "not found"
    return f"from {shown(str(spec.origin), 200)}"


def _send(spark: Any, sources: dict[str, bytes]) -> None:
    context = _context(spark)
    # Spark's own list: a second session of the application, or a second call, finds it there.
    if context is not None and any(name.endswith(name_of(sources)) for name in context.listFiles):
        return
    folder = Path(tempfile.mkdtemp(prefix="spark-guard-modules-"))
    # The driver serves the file to executors that start later.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive = str(write_archive(folder, sources))
    if context is not None:
        context.addPyFile(archive)
    else:
        spark.addArtifacts(archive, pyfile=True)


def _context(spark: Any) -> Any:
    """None with Spark Connect."""
    try:
        return spark.sparkContext
    except Exception:  # noqa: BLE001 - each version of Connect has its own error
        return None
