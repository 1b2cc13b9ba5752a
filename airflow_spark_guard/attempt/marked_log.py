"""The guard's own logger: marks what the guard says, so that it can be told from what the job prints.

Operators, hooks, sensors and triggers keep the logger that Airflow gives them under ``log``, for upstream's
code and for subclasses of users.
"""

from __future__ import annotations

from typing import Any

from airflow_spark_guard.core.text.known_secrets import KNOWN
from airflow_spark_guard.core.text.mark import marked


class MarkedLog:
    """Passes what the guard says on to a task's logger, with the guard's mark before it.

    Secret values that this process knows are masked.

    Attributes:
        plain: that logger, for what is the job's own.
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
    """What a log line is made of; the same object where it has no secret."""
    text = str(argument)
    masked = KNOWN.mask(text)
    return argument if masked == text else masked


def plain_log(log: Any) -> Any:
    """The logger behind the mark."""
    return log.plain if isinstance(log, MarkedLog) else log
