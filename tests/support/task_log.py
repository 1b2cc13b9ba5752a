"""A task's logger that keeps what it is told."""

from __future__ import annotations


class TaskLog:
    """Lines by level, as text."""

    def __init__(self) -> None:
        self.infos = self.warnings = self.errors = ""

    def info(self, event: str, *args: object) -> None:
        self.infos = f"{self.infos}\n{event % args}".lstrip("\n")

    def warning(self, event: str, *args: object) -> None:
        self.warnings = f"{self.warnings}\n{event % args}".lstrip("\n")

    def error(self, event: str, *args: object) -> None:
        self.errors = f"{self.errors}\n{event % args}".lstrip("\n")
