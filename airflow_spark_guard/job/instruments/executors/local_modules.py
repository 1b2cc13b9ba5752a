"""The job's own modules: their files are below the script's folder, and executors do not have them."""

from __future__ import annotations

import dis
import functools
import itertools
import sys
import sysconfig
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PACKAGE = __name__.partition(".")[0]
_INSTALLED = {"site-packages", "dist-packages"}
_MOST_OBJECTS = 20_000  # looked at for one function
_MOST_ITEMS = 100  # of one container


def script_folder() -> Path | None:
    """The folder of the script; None in a shell."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(file).resolve().parent if file else None


def local_modules(folder: Path | None = None) -> dict[str, types.ModuleType]:
    """Loaded modules below the folder by name; not the script, installed distributions and this package.

    Args:
        folder: the script's if it is None.
    """
    folder = folder or script_folder()
    if folder is None:
        return {}
    return {
        name: module
        for name, module in list(sys.modules.items())
        if name != "__main__" and is_local(name, module, folder)
    }


def is_local(name: str, module: Any, folder: Path) -> bool:
    """Whether a module is one of the job's own."""
    file = getattr(module, "__file__", None)
    paths = [file] if isinstance(file, str) else list(getattr(module, "__path__", ()))
    if name.partition(".")[0] == _PACKAGE or not paths:
        return False
    return all(isinstance(path, str) and _is_below(Path(path), folder) for path in paths)


def modules_needed(func: Callable[..., Any], folder: Path | None = None) -> tuple[str, ...]:
    """The job's own modules that a function refers to and that Spark sends by name only.

    ::

        ship_modules(spark, *modules_needed(func))

    It reads the function and does not call it: the names that it uses, what it captures, its defaults, the
    imports in its body, and then the same for what these modules use. Modules that are imported by text, or
    found through an object of another library, are not seen.

    Args:
        func: a function, method, partial, callable object or UDF.
        folder: of the job's modules; the script's if it is None.

    Returns:
        Names of modules and, for modules in a package, of the outermost package; sorted.
    """
    folder = folder or script_folder()
    if folder is None:
        return ()
    return _Search(folder.resolve()).run(func)


class _Search:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._local = local_modules(folder)
        self._found: set[str] = set()
        self._seen: dict[int, Any] = {}  # the objects too: an id of one that is gone is used again

    def run(self, start: Any) -> tuple[str, ...]:
        waiting = [start]
        while waiting and len(self._seen) < _MOST_OBJECTS:
            item = waiting.pop()
            if id(item) not in self._seen:
                self._seen[id(item)] = item
                waiting.extend(self._next(item))
        return tuple(sorted(self._found))

    def _next(self, item: Any) -> Iterator[Any]:
        name = item.__name__ if _is(item, types.ModuleType) else _module_of(item)
        top = name.partition(".")[0]
        if name in self._local:
            if top not in self._found:
                self._found.add(top)
                parts = (one for key, one in self._local.items() if key == top or key.startswith(f"{top}."))
                for module in parts:
                    yield from _members(module)
            if _is(item, types.ModuleType):
                return
        if name in self._local or not _is_sent_by_name(item, name):
            yield from self._inside(item)

    def _inside(self, item: Any) -> Iterator[Any]:
        if _is(item, types.FunctionType):
            yield from _captured(item)
            for name in _imports(item.__code__):
                yield from self._imported(name)
        elif _is(item, type):
            yield from (*item.__bases__, *vars(item).values())
        elif _is(item, list, tuple, set, frozenset):
            yield from itertools.islice(item, _MOST_ITEMS)
        elif _is(item, dict):
            yield from itertools.islice(item.values(), _MOST_ITEMS)
        elif not _is(item, types.ModuleType, types.CodeType, str, bytes, int, float):
            yield from _of_instance(item)

    def _imported(self, name: str) -> Iterator[Any]:
        """A module of an import in a function's body: it may not be loaded yet."""
        module, top = self._local.get(name), name.partition(".")[0]
        if module is not None:
            yield module
        elif top not in sys.modules and _is_file_of(top, self._folder):
            self._found.add(top)


def _is_below(path: Path, folder: Path) -> bool:
    resolved = path.resolve()
    if not resolved.is_relative_to(folder.resolve()) or _INSTALLED & set(resolved.parts):
        return False
    return not resolved.is_relative_to(sysconfig.get_paths()["stdlib"])


def _is_file_of(name: str, folder: Path) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()


def _is(item: Any, *kinds: Any) -> bool:
    """As isinstance, which asks the object for its class: that may have effects."""
    return issubclass(type(item), kinds)


def _module_of(item: Any) -> str:
    """Of a function or class its own module; of another object its class's."""
    owner = item if _is(item, types.FunctionType, type) else type(item)
    name = getattr(owner, "__module__", None)
    return name if isinstance(name, str) else ""


def _members(module: types.ModuleType) -> list[Any]:
    """What a module uses: modules, functions and classes among its names."""
    kinds = (types.ModuleType, types.FunctionType, type, functools.partial)
    return [value for value in list(vars(module).values()) if _is(value, *kinds)]


def _captured(function: types.FunctionType) -> Iterator[Any]:
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # an empty cell
            continue
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield function.__globals__[name]


def _names(code: types.CodeType) -> set[str]:
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found


def _imports(code: types.CodeType) -> set[str]:
    found = {str(one.argval) for one in dis.get_instructions(code) if one.opname == "IMPORT_NAME"}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _imports(constant)
    return found


def _of_instance(item: Any) -> Iterator[Any]:
    """Its class, the function that it wraps (partial, method, UDF), and its attributes; nothing is run."""
    yield type(item)
    if _is(item, types.MethodType):
        yield from (item.__func__, item.__self__)
    elif _is(item, functools.partial):
        yield from (item.func, *item.args, *item.keywords.values())
    elif _is(item, property):
        yield from (one for one in (item.fget, item.fset) if one is not None)
    elif _is(item, staticmethod, classmethod):
        yield item.__func__
    else:
        yield from itertools.islice(_attributes(item).values(), _MOST_ITEMS)


def _is_sent_by_name(item: Any, module: str) -> bool:
    """Whether executors import it, as cloudpickle decides: not what a function defines, and no lambda."""
    if module in {"__main__", ""} or not _is(item, types.FunctionType, type):
        return False
    return "<" not in str(item.__qualname__)


def _attributes(item: Any) -> dict[str, Any]:
    try:
        # Not vars(): the object may have attribute access of its own, with effects.
        found = object.__getattribute__(item, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}
