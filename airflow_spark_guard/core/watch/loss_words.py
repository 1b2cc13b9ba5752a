"""Texts about lost executors, for the task log and for the verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_spark_guard.core.quantity import readable_duration
from airflow_spark_guard.core.text.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_spark_guard.core.watch.loss_events import Loss

_NAMED, _REASON, _NAME, _URL = 8, 160, 64, 500
_SHOWN = 3
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


def moment(loss: Loss) -> str:
    """``at 14:02:10 UTC``, or ``25s after the launch`` if the driver's clock is not known."""
    if loss.removed and 0 < loss.removed < _END_OF_TIME:
        return f"at {datetime.fromtimestamp(loss.removed, UTC):%H:%M:%S} UTC"
    return f"{readable_duration(loss.at if loss.printed is None else loss.printed)} after the launch"


def reason(loss: Loss) -> str:
    """Spark's reason, masked and shortened to one line; on Kubernetes it has several lines."""
    return one_line(loss.reason, _REASON) or "no reason given"


def one(loss: Loss) -> str:
    """``executor 3 on host-a at 14:02:10 UTC: Command exited with code 137``."""
    name = f"executor {one_line(loss.executor, _NAME)}" if loss.executor else "an executor"
    return f"{name}{_on(loss.host)} {moment(loss)}: {reason(loss)}"


def several(losses: Sequence[Loss]) -> str:
    """The newest of them, for ``got``."""
    if not any(loss.executor for loss in losses):
        return reason(losses[-1]) if losses else ""
    shown = "; ".join(one(loss) for loss in losses[-_SHOWN:])
    return f"{len(losses) - _SHOWN} earlier; {shown}" if len(losses) > _SHOWN else shown


def line(losses: Sequence[Loss]) -> str:
    """One line of the task log for losses with one host and one kind of reason.

    ``Executor 3 on host-a was lost at 14:02:10 UTC: Command exited with code 137. Its stderr: http://...``
    """
    last = losses[-1]
    names = ", ".join(one_line(loss.executor, _NAME) or "?" for loss in losses[:_NAMED])
    if len(losses) == 1:
        begin = f"Executor {names}{_on(last.host)} was lost {moment(last)}"
    else:
        more = f" and {len(losses) - _NAMED} more" if len(losses) > _NAMED else ""
        begin = f"{len(losses)} executors ({names}{more}){_on(last.host)} were lost {moment(last)}"
    return f"{begin}: {reason(last).rstrip('.')}.{_stderr(losses)}"


def _stderr(losses: Sequence[Loss]) -> str:
    known = next((loss for loss in reversed(losses) if loss.stderr_url), None)
    if known is None:
        return ""
    whose = "Its stderr" if len(losses) == 1 else f"Stderr of executor {one_line(known.executor, _NAME)}"
    return f" {whose}: {one_line(known.stderr_url, _URL)}"


def _on(host: str) -> str:
    return f" on {one_line(host, _NAME)}" if host else ""
