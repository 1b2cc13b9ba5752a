"""Which of the job's own modules a function needs on executors."""

from __future__ import annotations

import functools
import importlib
import sys
import types

import pytest

from airflow_spark_guard.job.instruments.executors.local_modules import (
    is_local,
    local_modules,
    modules_needed,
    script_folder,
)

FILES = {
    "ship_leaf.py": "LIMIT = 3\ndef leaf(x):\n    return x\nclass Leaf:\n    def run(self):\n        return 1\n",
    "ship_branch.py": "import ship_leaf\ndef branch(x):\n    return ship_leaf.leaf(x)\n",
    "ship_lazy.py": "def lazy(x):\n    import ship_leaf\n    return x\n",
    "ship_unloaded.py": "x = 1\n",
    "ship_pack/__init__.py": "",
    "ship_pack/inner.py": "from ship_leaf import Leaf\ndef inner(x):\n    return Leaf()\n",
    "ship_pack/other.py": "x = 1\n",
    "lib/site-packages/ship_installed.py": "def installed(x):\n    return x\n",
}
SCRIPT = """
import functools, json, ship_leaf, ship_branch, ship_lazy, ship_pack.inner, ship_installed
from ship_leaf import Leaf, leaf
from ship_pack import inner as renamed

def of_module(x): return ship_leaf.leaf(x)
def of_name(x): return leaf(x)
def of_branch(x): return ship_branch.branch(x)
def of_lazy(x): return ship_lazy.lazy(x)
def of_package(x): return renamed.inner(x)
def of_import(x):
    import ship_unloaded
    return x
def of_nested(x): return [leaf(y) for y in [x]]
def of_default(x, make=leaf): return make(x)
def of_keyword(x, *, make=leaf): return make(x)
def of_other(x): return of_name(x)
def of_installed(x): return ship_installed.installed(json.dumps(x))
def of_nothing(x): return x
def make_closure():
    held = Leaf()
    late = [held]
    return lambda x: (held, late)
of_closure = make_closure()
of_partial = functools.partial(of_nothing, Leaf())
class Callable:
    def __init__(self): self.model = {"leaf": [Leaf()]}
    def __call__(self, x): return x
    def method(self, x): return x
    @staticmethod
    def static(x): return leaf(x)
    @property
    def value(self): return leaf(1)
of_callable = Callable()
of_method = Callable().method
class Child(Leaf): pass
of_child = Child()
def of_self(x): return of_self(x)
class Hostile:
    __slots__ = ()
    def __getattribute__(self, name): raise RuntimeError(name)
hostile = [Hostile()]
def of_hostile(x): return hostile, leaf
"""


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A folder with modules, and a script that was run in it as ``__main__``."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path / "lib" / "site-packages")
    monkeypatch.syspath_prepend(tmp_path)
    main = types.ModuleType("__main__")
    main.__file__ = str(tmp_path / "script.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    exec(compile(SCRIPT, main.__file__, "exec"), vars(main))  # noqa: S102 - as the launcher runs a script
    yield main
    for name in [name for name in sys.modules if name.startswith("ship_")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("function", "needed"),
    [
        ("of_module", ("ship_leaf",)),
        ("of_name", ("ship_leaf",)),
        ("of_branch", ("ship_branch", "ship_leaf")),
        ("of_lazy", ("ship_lazy", "ship_leaf")),
        ("of_package", ("ship_leaf", "ship_pack")),
        ("of_import", ("ship_unloaded",)),
        ("of_nested", ("ship_leaf",)),
        ("of_default", ("ship_leaf",)),
        ("of_keyword", ("ship_leaf",)),
        ("of_other", ("ship_leaf",)),
        ("of_closure", ("ship_leaf",)),
        ("of_partial", ("ship_leaf",)),
        ("of_callable", ("ship_leaf",)),
        ("of_method", ("ship_leaf",)),
        ("of_child", ("ship_leaf",)),
        ("of_hostile", ("ship_leaf",)),
        ("of_installed", ()),
        ("of_nothing", ()),
        ("of_self", ()),
    ],
)
def test_each_way_to_refer_to_a_module(job, function, needed):
    """Also through what the module uses itself; the function is not called."""
    assert modules_needed(getattr(job, function)) == needed


def test_a_function_in_a_function_of_another_module_is_sent_by_value(job):
    """So is a lambda; other functions of that module are imported where they run."""
    leaf = job.leaf
    space = {"__name__": "elsewhere", "leaf": leaf}
    exec("plain = lambda x: leaf(x)\ndef named(x):\n    return leaf(x)\n", space)  # noqa: S102
    assert modules_needed(lambda x: [leaf(x)]) == modules_needed(space["plain"]) == ("ship_leaf",)
    assert modules_needed(space["named"]) == ()


def test_a_function_of_a_local_module_needs_it(job):
    """Spark sends it by name; a UDF object wraps it."""
    from pyspark.sql.functions import udf
    from pyspark.sql.types import LongType

    branch = sys.modules["ship_branch"].branch
    assert modules_needed(branch) == ("ship_branch", "ship_leaf")
    assert modules_needed(udf(branch, LongType())) == ("ship_branch", "ship_leaf")
    assert modules_needed(udf(job.of_branch, LongType())) == ("ship_branch", "ship_leaf")
    assert modules_needed(functools.partial(map, branch)) == ("ship_branch", "ship_leaf")


def test_modules_of_the_jobs_own(job, tmp_path):
    """Not the script, what is installed, and the standard library."""
    own = {name for name in local_modules() if name.startswith("ship_")}
    assert own == {"ship_leaf", "ship_branch", "ship_lazy", "ship_pack", "ship_pack.inner"}
    assert script_folder() == tmp_path.resolve()
    assert not is_local("json", sys.modules["json"], tmp_path)
    assert not is_local("ship_x", types.ModuleType("ship_x"), tmp_path)


def test_this_package_is_never_the_jobs_own(tmp_path):
    """Wherever its files are."""
    module = types.ModuleType("airflow_spark_guard.x")
    module.__file__ = str(tmp_path / "x.py")
    assert not is_local("airflow_spark_guard.x", module, tmp_path)
    assert is_local("x", module, tmp_path)


def test_a_shell_has_no_script(job, monkeypatch):
    """So nothing is known to be the job's own, unless the folder is given."""
    function = job.of_module
    folder = script_folder()
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    assert (script_folder(), local_modules(), modules_needed(function)) == (None, {}, ())
    assert modules_needed(function, folder) == ("ship_leaf",)


def test_an_empty_cell_is_passed_over(job):
    """A function that is defined before the name that it captures."""
    space = {}
    exec("def outer():\n    inner = lambda x: late\n    return inner\n    late = 1\n", space)  # noqa: S102
    assert modules_needed(space["outer"](), script_folder()) == ()


def test_a_namespace_package_is_local_by_its_folder(job, tmp_path, monkeypatch):
    """It has no file."""
    (tmp_path / "ship_space").mkdir()
    (tmp_path / "ship_space" / "part.py").write_text("x = 1\n")
    importlib.invalidate_caches()
    importlib.import_module("ship_space.part")
    assert {"ship_space", "ship_space.part"} <= set(local_modules())
