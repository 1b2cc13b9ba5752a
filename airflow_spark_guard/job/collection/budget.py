"""Memory: what the driver has left, and whether a collection fits into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from airflow_spark_guard.job.collection.errors import SampleError
from airflow_spark_guard.job.text import shown_bytes

# Share of what is left that one collection may take: the model needs the rest.
SAFE_SHARE = 0.6
# What the containers of a result add to its values on its way.
_WIRE = 1.1
_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def memory_left(root: Path = Path("/")) -> int | None:
    """Bytes that this process may still take: of the machine, or of its container, whichever is less.

    A container's page cache counts as free, as the kernel gives it back. None if neither is known.
    """
    machine = _fields(root / "proc/meminfo").get("MemAvailable")
    amounts = [] if machine is None else [machine * 1024]
    amounts += _cgroup2(root) or _cgroup1(root)
    return max(0, min(amounts)) if amounts else None


def _cgroup2(root: Path) -> list[int]:
    """Of this process's group and of every group above it: the tightest binds."""
    own = [line[3:] for line in _text(root / "proc/self/cgroup").splitlines() if line.startswith("0::")]
    top = root / "sys/fs/cgroup"
    folder = top / own[0].strip("/") if own else top
    groups = [folder, *folder.parents]
    left = []
    for group in groups[: groups.index(top) + 1]:
        left += _left(group, "memory.max", "memory.current", "inactive_file")
    return left


def _cgroup1(root: Path) -> list[int]:
    group = root / "sys/fs/cgroup/memory"
    return _left(group, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _left(group: Path, limit: str, usage: str, cache: str) -> list[int]:
    limit_text, usage_text = _text(group / limit).strip(), _text(group / usage).strip()
    if not (limit_text.isdigit() and usage_text.isdigit()):
        return []  # "max", or no such group
    return [int(limit_text) - int(usage_text) + _fields(group / "memory.stat").get(cache, 0)]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _fields(path: Path) -> dict[str, int]:
    pairs = (line.replace(":", " ").split() for line in _text(path).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) > 1 and pair[1].isdigit()}


@dataclass(frozen=True)
class Budget:
    """What one collection may take.

    Attributes:
        limit: bytes for its arrays; None if that is unknown.
        origin: how the limit came about, for messages.
        asked: whether the caller set it, so that the sample is cut to it; else it is a bound.
        result_size: bytes that Spark lets one job return (``spark.driver.maxResultSize``); 0 or None for no
            limit.
        beside: bytes of each row besides its arrays, such as strata and keys; what the caller set is for the
            arrays alone.
    """

    limit: int | None
    origin: str
    asked: bool
    result_size: int | None = None
    beside: int = 0

    def rows(self, row_bytes: int, texts: int = 0) -> int | None:
        """Rows that fit beside so many bytes of texts; None for no limit."""
        if self.limit is None:
            return None
        return max(0, self.limit - texts) // max(1, row_bytes + self._beside())

    def check(self, rows: int, row_bytes: int, texts: int = 0) -> None:
        """Raise when so many rows do not fit, with the bytes of the different texts that they share."""
        needed = rows * (row_bytes + self._beside())
        texts = 0 if self.asked else texts
        if self.limit is not None and needed + texts > self.limit:
            raise self.refusal(rows, row_bytes, texts)
        if self.result_size and needed * _WIRE > self.result_size:
            raise SampleError(
                "Spark would end the job: its result is too large.",
                got=f"{rows:,} rows of {row_bytes:,} bytes, {shown_bytes(needed)}",
                expected=f"at most {shown_bytes(self.result_size)} (spark.driver.maxResultSize)",
                advice=f"Pass max_rows={self.returned(row_bytes)}; or read it with "
                "iter_batches, which has no such limit; or raise spark.driver.maxResultSize and the driver's "
                "memory with it.",
            )

    def refusal(self, rows: int, row_bytes: int, texts: int = 0) -> SampleError:
        """The error for rows that do not fit."""
        fitting = self.rows(row_bytes, texts) or 0
        row_bytes += self._beside()
        with_texts = f" and {shown_bytes(texts)} of different texts" if texts else ""
        return SampleError(
            "The sample does not fit into the driver's memory.",
            got=f"{rows:,} rows of {row_bytes:,} bytes, {shown_bytes(rows * row_bytes)}{with_texts}",
            expected=f"at most {shown_bytes(self.limit or 0)} ({self.origin})",
            advice=f"Pass max_rows={fitting} or max_bytes=0.5 (a share of the memory left) for a smaller "
            "sample; take fewer columns, dtype='float32', or sparse=True for sparse vectors; read all rows "
            "with iter_batches; or give the driver more memory.",
        )

    def returned(self, row_bytes: int) -> int | None:
        """Rows that Spark lets one job return; None for no limit."""
        return int(self.result_size / _WIRE) // max(1, row_bytes) if self.result_size else None

    def _beside(self) -> int:
        return 0 if self.asked else self.beside


def budget_for(max_bytes: float | None, result_size: str | None, left: int | None) -> Budget:
    """The budget of a call.

    Args:
        max_bytes: bytes, a share of the memory left (a float up to 1), or None.
        result_size: Spark's ``spark.driver.maxResultSize``, such as ``1g``.
        left: see :func:`memory_left`.
    """
    results = None if result_size is None else parsed(result_size)
    if max_bytes is None:
        limit = None if left is None else int(left * SAFE_SHARE)
        left_here = f"{SAFE_SHARE:.0%} of the {shown_bytes(left or 0)} that are left here"
        return Budget(limit, left_here, asked=False, result_size=results)
    if isinstance(max_bytes, int):
        return Budget(max_bytes, "max_bytes", asked=True, result_size=results)
    if left is None:
        raise SampleError(
            "max_bytes as a share needs to know the memory that is left.",
            got=f"max_bytes={max_bytes}, and neither /proc/meminfo nor a cgroup can be read",
            expected="Linux",
            advice="Pass max_bytes in bytes, as a whole number.",
        )
    share = f"max_bytes={max_bytes:g}, a share of the {shown_bytes(left)} that are left"
    return Budget(int(left * max_bytes), share, asked=True, result_size=results)


def parsed(size: str) -> int | None:
    """Bytes of a Spark size such as ``1g``, ``512m`` or ``1048576``; None for any other text."""
    text = size.strip().lower().removesuffix("b")
    unit = text[-1:] if text[-1:] in _UNITS else ""
    digits = text.removesuffix(unit)
    return int(digits) * _UNITS[unit or "b"] if digits.isdigit() else None
