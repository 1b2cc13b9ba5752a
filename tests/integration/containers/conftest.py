"""The stack in real containers. ``make stack-test`` brings the engine; without it nothing here is collected."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.integration.containers.stack_under_test import DAGS, EXAMPLES, Figures, Stack

if "STACK_UNDER_TEST" not in os.environ:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def figures():
    """What was measured; written even where a test failed."""
    found = Figures()
    yield found
    found.write()


@pytest.fixture(scope="session")
def stack(tmp_path_factory, figures):
    """Built and up, from no image and no secret; gone afterwards, volumes and images too."""
    folder = tmp_path_factory.mktemp("stack")
    dags = folder / "dags"
    shutil.copytree(EXAMPLES, dags)
    shutil.copytree(DAGS, dags, dirs_exist_ok=True)
    for path in (folder.parent, folder, dags):
        path.chmod(0o755)
    stack = Stack(folder / "secrets", dags)
    try:
        figures.add(cold_seconds=stack.timed_up())
        stack.sign_in()
        yield stack
    finally:
        stack.remove()
