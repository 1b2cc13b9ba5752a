"""Python source of this project, parsed once in each process: several tests look for something in all of it."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "airflow_spark_guard"


@cache
def python_files(folder: Path = PACKAGE) -> tuple[Path, ...]:
    """All modules below a folder."""
    return tuple(sorted(folder.rglob("*.py")))


@cache
def parsed(path: Path) -> ast.Module:
    """A module's tree, which is shared: it must not be changed."""
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All of a module, as ``ast.walk`` has them."""
    return tuple(ast.walk(parsed(path)))
