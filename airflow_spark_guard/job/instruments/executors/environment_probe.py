"""What one Python has: versions and modules. It runs on executors, by value: they need not have this package.

Nothing is imported to find out: distributions have their version on disk, modules are found by their path.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.metadata
import json
import os
import platform
import socket
import sys
from typing import Any

MISSING = ""


def probe(distributions: tuple[str, ...], modules: tuple[str, ...]) -> dict[str, Any]:
    """This process's host, executor and Python, and by name version or content; empty if it is missing."""
    return {
        "host": socket.gethostname(),
        # Standalone and YARN give each executor its own folder; elsewhere they share a host's name.
        "executor": os.environ.get("SPARK_EXECUTOR_DIRS") or os.environ.get("CONTAINER_ID") or "",
        "python": platform.python_version(),
        "executable": sys.executable,
        "distributions": {name: version_of(name) for name in distributions},
        "modules": {name: content_of(name) for name in modules},
    }


def probe_as_text(distributions: tuple[str, ...], modules: tuple[str, ...]) -> str:
    """The same as JSON."""
    return json.dumps(probe(distributions, modules))


def version_of(distribution: str) -> str:
    """The installed version; PySpark's from its own file where only Spark's zip is on the path."""
    try:
        return importlib.metadata.version(distribution)
    except Exception:  # noqa: BLE001 - a broken installation counts as missing
        loaded = sys.modules.get(distribution)
        return str(getattr(loaded, "__version__", MISSING))


def content_of(module: str) -> str:
    """A short hash of the module's source; ``binary`` for one without, empty if it cannot be found."""
    try:
        spec = _spec(module)
        if spec is None:
            return MISSING
        source = spec.loader.get_source(module) if hasattr(spec.loader, "get_source") else None
    except Exception:  # noqa: BLE001 - whatever a path hook raises, import would as well
        return MISSING
    if source is None:
        return "binary"
    return hashlib.sha256(source.replace("\r\n", "\n").encode()).hexdigest()[:12]


def _spec(module: str) -> Any:
    """Found without importing the packages around it."""
    spec, path, name = None, None, ""
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None:
            return None
        path = spec.submodule_search_locations
    return spec
