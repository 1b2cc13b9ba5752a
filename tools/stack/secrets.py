"""The stack's secrets: one file each, made where it is missing, never overwritten, never printed.

The folder keeps other users of the machine out (mode 0700); a file may be read by anybody who is in (0444),
since compose shows it to a container's user, who is nobody here.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import stat
from typing import TYPE_CHECKING

from tools.stack.checks import StackError

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "airflow_admin_password"  # noqa: S105 - the name of a file
USABLE = re.compile(r"[A-Za-z0-9._~=-]{12,}\n?")
FOLDER_MODE, FILE_MODE = 0o700, 0o444


def _token() -> str:
    return secrets.token_hex(32)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


MAKERS = {
    "postgres_password": _token,
    "redis_password": _token,
    "airflow_fernet_key": _fernet_key,
    "airflow_jwt_secret": _token,
    "airflow_api_secret_key": _token,
    PASSWORD: lambda: secrets.token_urlsafe(18),
    "spark_auth_secret": _token,
}


# Without these the database cannot be opened, or what is encrypted in it not be read.
OF_THE_DATA = ("postgres_password", "airflow_fernet_key")


def make_secrets(folder: Path, *, used_by: str = "") -> list[str]:
    """Make what is missing; the names of what was made.

    Args:
        folder: of the secrets.
        used_by: what was made with the ones of before, if it is there: a new password would not open it.

    Raises:
        StackError: something that is there cannot be used, or something that is not there is needed.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    _check_mode(folder, FOLDER_MODE, "keeps other users of this machine out")
    missing = [name for name in MAKERS if not (folder / name).exists()]
    for name in MAKERS:
        if name not in missing:
            _check_file(folder / name)
    lost = [name for name in missing if name in OF_THE_DATA]
    if used_by and lost:
        raise StackError(
            "A secret is missing, and the data that need it are there.",
            got=f"{used_by}, without {', '.join(lost)} in {folder}",
            expected="the secrets that the stack was first started with",
            do=f"put them back; or remove the data as well: docker volume rm {used_by}",
        )
    for name in missing:
        _write(folder / name, MAKERS[name]())
    return missing


def _write(file: Path, value: str) -> None:
    # Complete or not there: a secret that was cut off would be taken for one.
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(handle, "w") as stream:
        stream.write(value)
        os.fchmod(stream.fileno(), FILE_MODE)
    unfinished.rename(file)


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise StackError(
            "A secret is no file.",
            got=f"{file}: a folder; compose makes one where a file is missing",
            expected="a file",
            do=f"rmdir {file}, then 'make stack-up', which makes the secret",
        )
    if not file.stat().st_size:
        raise StackError(
            "A secret is empty.",
            got=str(file),
            expected="a value",
            do="put the value back; or remove the file, if nothing was ever started with it",
        )
    if os.access(file, os.R_OK) and not USABLE.fullmatch(file.read_text(encoding="utf-8", errors="replace")):
        raise StackError(
            "A secret holds what it must not.",  # it stands in a URL, in a line of SQL, in a properties file
            got=str(file),
            expected="one line of 12 or more letters, digits and . _ ~ = -",
            do="choose another value; 'make stack-up' makes one where the file is missing",
        )
    _check_mode(file, FILE_MODE, "is read by the containers' user, who is nobody here")


def _check_mode(path: Path, wanted: int, why: str) -> None:
    found = stat.S_IMODE(path.stat().st_mode)
    if found != wanted:
        raise StackError(
            "A secret has the wrong permissions.",
            got=f"{path}: mode {found:04o}",
            expected=f"mode {wanted:04o}, which {why}",
            do=f"chmod {wanted:04o} {path}",
        )
