"""Python sources of modules and packages as one zip, whose name follows from their content."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_spark_guard.job.instruments.errors import ShippingError
from airflow_spark_guard.job.text import shown, shown_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_FILES = 2000
MOST_BYTES = 32 << 20
_LEFT_OUT = {"__pycache__", "tests", "test", "node_modules"}
_COMPILED = (".so", ".pyd", ".dylib")
_NAME = "spark_guard_modules_{digest}.zip"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def sources_of(path: Path) -> dict[str, bytes]:
    """The content of a module or package by its name inside of the archive.

    Args:
        path: a file ``.py``, or the folder of a package. Of a folder, tests, caches and hidden folders are
            left out, and so are data files: the archive has Python sources only.

    Raises:
        ShippingError: another file, a folder without Python files, compiled extensions, a symlink that leads
            out of the folder, an unreadable file, or more than ``MOST_FILES`` files or ``MOST_BYTES`` bytes.
    """
    if path.is_file():
        if path.suffix != ".py":
            raise _not_python(path)
        return _read({path.name: path}, path)
    found = {f"{path.name}/{file.relative_to(path).as_posix()}": file for file in _files(path)}
    if not found:
        raise ShippingError(
            "The folder has no Python files.",
            got=shown(str(path), 200),
            expected="a package: a folder with __init__.py or other files .py",
            advice="Pass the folder of the package itself, not one above or below it.",
        )
    return _read(found, path)


def write_archive(folder: Path, sources: Mapping[str, bytes]) -> Path:
    """Write the sources into a zip in the folder; its bytes and name follow from the sources alone."""
    target = folder / name_of(sources)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(sources):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, sources[name])
    return target


def name_of(sources: Mapping[str, bytes]) -> str:
    """The archive's name: 16 digits of a hash of all names and contents."""
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(f"{len(name.encode())}:{name}:{len(sources[name])}:".encode())
        digest.update(sources[name])
    return _NAME.format(digest=digest.hexdigest()[:16])


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("."))
        for name in (*folders, *files):
            if (Path(place) / name).is_symlink():
                _check_link(Path(place) / name, folder)
        compiled = [name for name in files if name.endswith(_COMPILED)]
        if compiled:
            raise _has_compiled(Path(place) / compiled[0])
        found.extend(Path(place) / name for name in files if name.endswith(".py"))
        _check_bounds("files", len(found), MOST_FILES, folder)
    return found


def _check_link(link: Path, folder: Path) -> None:
    if link.resolve().is_relative_to(folder.resolve()) and not link.is_dir():
        return
    raise ShippingError(
        "The folder has a symlink that cannot be sent.",
        got=f"{shown(str(link), 200)} -> {shown(str(link.resolve()), 200)}",
        expected=f"files below {shown(str(folder), 200)}",
        advice="Put the file into the package, or send the other package as well.",
    )


def _read(files: Mapping[str, Path], path: Path) -> dict[str, bytes]:
    _check_bounds("bytes", sum(_sizes(files.values())), MOST_BYTES, path)
    try:
        return {name: file.read_bytes() for name, file in files.items()}
    except OSError as error:
        raise ShippingError(
            "A file of the module cannot be read.",
            got=shown(str(error), 300),
            expected="readable files",
            advice="Check the file's permissions, and whether it still exists.",
        ) from error


def _sizes(files: Iterable[Path]) -> Iterable[int]:
    return (file.stat().st_size for file in files if file.exists())


def _check_bounds(what: str, got: int, limit: int, path: Path) -> None:
    if got <= limit:
        return
    shows = (shown_bytes(got), shown_bytes(limit)) if what == "bytes" else (f"{got} files", f"{limit} files")
    raise ShippingError(
        "The module is too large to send with a job.",
        got=f"{shows[0]} in {shown(str(path), 200)}",
        expected=f"at most {shows[1]}",
        advice="Send a smaller package, or build a wheel and install it on executors.",
    )


def _not_python(path: Path) -> ShippingError:
    if path.name.endswith(_COMPILED):
        return _has_compiled(path)
    return ShippingError(
        "The file is not Python source.",
        got=shown(str(path), 200),
        expected="a file .py, or the folder of a package",
        advice="Send data files with SparkContext.addFile, and archives with SparkContext.addPyFile.",
    )


def _has_compiled(path: Path) -> ShippingError:
    return ShippingError(
        "A compiled extension cannot be sent.",
        got=shown(str(path), 200),
        expected="Python sources",
        advice="Python does not load compiled code from a zip, and it must fit the executor's system: "
        "install the package on executors, or send a packed environment with spark.archives.",
    )
