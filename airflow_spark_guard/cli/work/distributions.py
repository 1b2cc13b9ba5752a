"""Installed distributions, as their metadata describes them: nothing is imported."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERS = re.compile(r"\d+(?:\.\d+)*", re.ASCII)


def distribution(name: str, paths: Sequence[str] | None = None) -> Distribution | None:
    """The distribution that Python would use; None if there is none.

    Args:
        name: of the distribution.
        paths: folders to search; None for those of this interpreter.
    """
    found = distributions(name=name) if paths is None else distributions(name=name, path=list(paths))
    return next(iter(found), None)


def installed_version(name: str, paths: Sequence[str] | None = None) -> str:
    """Its version; empty if it is not installed; arguments as of :func:`distribution`."""
    found = distribution(name, paths)
    return str(found.version) if found is not None else ""


def numbers(version: str) -> tuple[int, ...]:
    """``"4.2.0rc1"`` -> ``(4, 2, 0)``; empty for a text without a number at its start."""
    match = _NUMBERS.match(version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()
