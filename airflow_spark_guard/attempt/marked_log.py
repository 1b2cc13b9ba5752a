"""The guard's own logger: marks the guard's lines, so that they differ from the job's output.

Operators, hooks, sensors and triggers keep Airflow's logger as ``log``, for upstream's code and users'
subclasses.
"""

from __future__ import annotations

from typing import Any

from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.core.text.mark import marked


class MarkedLog:
    """Passes the guard's lines to a task's logger, each with the guard's mark.

    Secret values that this process knows are masked.

    Attributes:
        plain: that logger, for the job's own output.
    """

    def __init__(self, plain: Any) -> None:
        self.plain = plain

    def debug(self, event: str, /, *args: Any) -> Any:
        """Log at DEBUG."""
        return self.plain.debug(marked(event), *map(_masked, args))

    def info(self, event: str, /, *args: Any) -> Any:
        """Log at INFO."""
        return self.plain.info(marked(event), *map(_masked, args))

    def warning(self, event: str, /, *args: Any) -> Any:
        """Log at WARNING."""
        return self.plain.warning(marked(event), *map(_masked, args))

    def error(self, event: str, /, *args: Any) -> Any:
        """Log at ERROR."""
        return self.plain.error(marked(event), *map(_masked, args))


def _masked(argument: Any) -> Any:
    """The argument without known secrets; the same object if it has none."""
    text = str(argument)
    masked = KNOWN.mask(text)
    return argument if masked == text else masked


def plain_log(log: Any) -> Any:
    """The logger without the mark."""
    return log.plain if isinstance(log, MarkedLog) else log
