"""Runs something before and after functions of other classes and modules, until it is undone."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType

_ABSENT: Any = object()
_FILE = "spark_guard_instruments.py"


class Hook:
    """What runs around a function. Its own errors would reach the job, so it raises none."""

    def before(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs before the function; the result is passed to the others."""
        del args, kwargs

    def after(self, token: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> Any:
        """Runs after a call that did not raise; returns what the caller gets."""
        del token, args, kwargs
        return result

    def finally_(self, token: Any) -> None:
        """Runs after each call, last."""
        del token


class Wrapping:
    """What was wrapped, so that it can be put back.

    A wrapper that was wrapped again stays in place, and only calls the original once :meth:`undo` was
    called: to remove it would remove the other one.

    The frame of a wrapper counts as PySpark's own: PySpark names the line that called it, in the names of
    stages and in its errors, and finds it by the files of the frames.

    Args:
        folder: of PySpark's modules.

    Attributes:
        is_active: whether the hooks run.
    """

    def __init__(self, folder: str) -> None:
        self.is_active = True
        self._file = os.path.join(folder, _FILE)  # noqa: PTH118 - PySpark compares text
        self._replaced: list[tuple[Any, str, Any, Any]] = []  # (owner, name, before, ours)

    def replace(self, owner: Any, name: str, hook: Hook) -> None:
        """Run a hook around ``owner.name``; nothing if that is missing or no function.

        Args:
            owner: a class or a module.
            name: of its function; an inherited one is overridden in the class itself.
            hook: runs around it; the first argument is the object, for a function of a class.
        """
        original = getattr(owner, name, None)
        if not callable(original):
            return
        ours = self._around(original, hook)
        self._replaced.append((owner, name, vars(owner).get(name, _ABSENT), ours))
        setattr(owner, name, ours)

    def _around(self, original: Callable[..., Any], hook: Hook) -> Callable[..., Any]:
        @functools.wraps(original)
        def ours(*args: Any, **kwargs: Any) -> Any:
            if not self.is_active:
                return original(*args, **kwargs)
            token = hook.before(args, kwargs)
            try:
                return hook.after(token, args, kwargs, original(*args, **kwargs))
            finally:
                hook.finally_(token)

        ours.__code__ = _disguised(ours.__code__, self._file, original.__name__)  # type: ignore[attr-defined]
        return ours

    def undo(self) -> None:
        """Put the originals back; a second call does nothing."""
        self.is_active = False
        while self._replaced:
            owner, name, before, ours = self._replaced.pop()
            if vars(owner).get(name) is not ours:
                continue
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)


@functools.cache
def _disguised(code: CodeType, file: str, name: str) -> CodeType:
    return code.replace(co_filename=file, co_name=name)
