"""``make stack-test``: the compose stack end to end, in real containers, and nothing left behind.

Starts an engine where none runs (Linux, root, Debian's packages), makes a base image where no registry
answers, and runs ``tests/integration/containers`` beside it. If no engine can be started it says why and ends
with exit code 0; in CI (variable ``CI``) with 1. ``build/stack.json`` holds the figures.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from tools import ROOT
from tools.stack.base_image import base_image
from tools.stack.container_engine import EngineError, NoEngineError, engine

# The rules of the files once more: here is a compose that reads them.
TESTS = ("tests/unit/stack/test_compose_files.py", "tests/integration/containers")


def main(arguments: list[str]) -> int:
    """The exit code of the tests."""
    # A time limit's SIGTERM undoes as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    try:
        with engine() as found:
            whose = "our own" if found.own else "the one that runs"
            say(f"engine    {whose}, after {time.monotonic() - started:.0f} s")
            image = base_image(found)
            say(f"base      {image}, after {time.monotonic() - started:.0f} s")
            env = {**found.env, "BASE_IMAGE": image, "STACK_UNDER_TEST": "1"}
            tests = [sys.executable, "-m", "pytest", "-x", *TESTS, *arguments]
            code = subprocess.run([*found.prefix, *tests], cwd=ROOT, env=env, check=False).returncode
    except NoEngineError as reason:
        say(f"stack-test: skipped, {reason}")
        return 1 if os.environ.get("CI") else 0
    except EngineError as reason:
        say(f"stack-test: {reason}")
        return 1
    say(f"all undone, after {time.monotonic() - started:.0f} s")
    return code


def say(text: str) -> None:
    """One line, at once, also through a pipe."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
