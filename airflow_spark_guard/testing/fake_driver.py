"""A driver without Spark: runs the submitted script with Python, in a folder with the files shipped along."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FakeDriver:
    """A running script. Its files are copied at once, because the submitter soon removes them.

    Args:
        words: the application and its arguments.
        environment: added to the environment of this process.
        files: shipped into its folder.
        py_files: put on its ``PYTHONPATH``.
    """

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        files: Sequence[str],
        py_files: Sequence[str],
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="spark-guard-fake-driver-"))
        main, *arguments = words
        for file in (main, *files, *py_files):
            shutil.copy(file.removeprefix("file://"), self.folder)
        path = [str(self.folder / Path(file).name) for file in py_files]
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, Path(main).name, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path), **environment},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def exit_code(self) -> int | None:
        """Exit code of the script; None while it runs."""
        return self._process.poll()

    @property
    def log(self) -> str:
        """The output of the script so far."""
        return (self.folder / "log").read_text(errors="replace")

    def kill(self) -> None:
        """Kill it with its process group."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Kill it and remove its folder."""
        self.kill()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
