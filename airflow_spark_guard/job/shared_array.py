"""An array that is sent to executors once: it is pickled as the handle of its broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np


class Handle:
    """The broadcast behind an array; None once it is destroyed."""

    def __init__(self, broadcast: Any) -> None:
        self.broadcast = broadcast

    def destroy(self) -> None:
        """Free it on the driver and on the executors."""
        broadcast, self.broadcast = self.broadcast, None
        if broadcast is not None:
            broadcast.destroy()


class SharedArray(np.ndarray[Any, Any]):
    """An array that is pickled as the handle of its broadcast; read-only, because executors have copies.

    This applies to the array itself: slices and results of arithmetic are plain arrays, and other views
    (``X.T``) are pickled as plain arrays.
    """

    handle: Handle | None = None

    def release(self) -> None:
        """Destroy the broadcast; after that the array is pickled as a plain array."""
        if self.handle is not None:
            self.handle.destroy()

    def __getitem__(self, key: Any) -> Any:
        return self.view(np.ndarray)[key]

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:  # noqa: FBT001, FBT002 - numpy's own signature
        return array[()] if return_scalar else array.view(np.ndarray)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.handle is None or self.handle.broadcast is None:
            return self.view(np.ndarray).__reduce_ex__(protocol)
        return attached, (self.handle.broadcast,)


def attached(broadcast: Any) -> Any:
    """The array inside a worker. It is read-only, because all tasks of the worker share it."""
    array = broadcast.value
    array.flags.writeable = False
    return array


def share(context: Any, array: np.ndarray[Any, Any]) -> SharedArray:
    """Broadcast ``array``; return a read-only view of it."""
    plain = np.asarray(array)
    shared = plain.view(SharedArray)
    shared.flags.writeable = False
    shared.handle = Handle(context.broadcast(plain))
    return shared
