"""A task's logger that marks what the guard says, so that it can be told from what the job prints."""

from __future__ import annotations

from typing import Any

from airflow_spark_guard.core.output.mark import marked


class MarkedLog:
    """Passes everything on to a logger, with the guard's mark before each line.

    Attributes:
        plain: that logger, for what is the job's own.
    """

    def __init__(self, plain: Any) -> None:
        self.plain = plain

    def debug(self, event: str, /, *args: Any, **kwargs: Any) -> Any:
        """Log at DEBUG."""
        return self.plain.debug(marked(event), *args, **kwargs)

    def info(self, event: str, /, *args: Any, **kwargs: Any) -> Any:
        """Log at INFO."""
        return self.plain.info(marked(event), *args, **kwargs)

    def warning(self, event: str, /, *args: Any, **kwargs: Any) -> Any:
        """Log at WARNING."""
        return self.plain.warning(marked(event), *args, **kwargs)

    def error(self, event: str, /, *args: Any, **kwargs: Any) -> Any:
        """Log at ERROR."""
        return self.plain.error(marked(event), *args, **kwargs)

    def exception(self, event: str, /, *args: Any, **kwargs: Any) -> Any:
        """Log at ERROR, with the exception that is being handled."""
        return self.plain.exception(marked(event), *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """Whatever else a logger can do, as it does it."""
        return getattr(self.plain, name)


def plain_log(log: Any) -> Any:
    """The logger behind the mark."""
    return log.plain if isinstance(log, MarkedLog) else log
