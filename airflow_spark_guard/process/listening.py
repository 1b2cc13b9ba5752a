"""Which process of this host listens on a port."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_TABLES: Final = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTEN: Final = "0A"
_STATE, _INODE = 3, 9


def listens(pid: int, port: int) -> bool:
    """Whether the process listens on this TCP port; False for one of another user."""
    wanted = {f"socket:[{inode}]" for inode in _inodes(port)}
    if not wanted:
        return False
    try:
        return any(_target(link) in wanted for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def _inodes(port: int) -> set[str]:
    """Of the sockets that listen on the port, at whichever address."""
    found = set()
    for table in _TABLES:
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except (OSError, UnicodeDecodeError):
            continue
        for fields in map(str.split, lines):
            if len(fields) > _INODE and fields[_STATE] == _LISTEN and fields[1].endswith(f":{port:04X}"):
                found.add(fields[_INODE])
    return found


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""
