"""What an attempt died of: the closed set of verdicts."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """Why an attempt was not a success.

    ``core/verdict_table.py`` says of each what it means, which exception it has, and whether a retry helps.
    """

    DEADLINE = "DEADLINE"
    STARVED = "STARVED"
    STALLED = "STALLED"
    EXECUTORS_LOST = "EXECUTORS_LOST"
    WORKER_CRASHED = "WORKER_CRASHED"
    DRIVER_SILENT = "DRIVER_SILENT"
    NOT_EXITING = "NOT_EXITING"
    JVM_GONE = "JVM_GONE"
    DRIVER_GONE = "DRIVER_GONE"
    USER_CODE = "USER_CODE"
    TOOLCHAIN = "TOOLCHAIN"
    VANISHED = "VANISHED"
    KILLED = "KILLED"
    TAKEN_OVER = "TAKEN_OVER"
    UNKNOWN = "UNKNOWN"
