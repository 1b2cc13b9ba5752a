"""Programs of this project, run from its root by ``python -m tools.NAME``. None is part of the package.

This module is the standard library alone, for any Python from 3.9 on: so is ``tools.stack``, which needs it.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
