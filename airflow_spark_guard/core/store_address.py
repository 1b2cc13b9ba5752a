"""The address of an object store, as Airflow's object storage writes it: ``s3://conn_id@bucket/prefix``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from airflow_spark_guard.core.errors import BadInputError

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,20}", re.ASCII)
_LONGEST: Final = 500
_FORM: Final = "scheme://conn_id@bucket/prefix, such as s3://aws_default@logs/spark_guard"
_BRINGS: Final = {
    "s3": "apache-airflow-providers-amazon[s3fs]",
    "s3a": "apache-airflow-providers-amazon[s3fs]",
    "gs": "apache-airflow-providers-google",
    "gcs": "apache-airflow-providers-google",
    "abfs": "apache-airflow-providers-microsoft-azure",
    "abfss": "apache-airflow-providers-microsoft-azure",
    "adl": "apache-airflow-providers-microsoft-azure",
    "hdfs": "apache-airflow-providers-apache-hdfs",
}


@dataclass(frozen=True)
class StoreAddress:
    """Where records are kept. It holds no secret: credentials come from the Airflow connection.

    Attributes:
        url: without a slash at its end.
    """

    url: str

    def __str__(self) -> str:
        return self.url

    @property
    def scheme(self) -> str:
        """Such as ``s3``."""
        return self.url.partition("://")[0]

    @property
    def conn_id(self) -> str:
        """Id of the Airflow connection; empty if the store's own defaults give the credentials."""
        return self.url.partition("://")[2].partition("/")[0].rpartition("@")[0]

    @property
    def parts(self) -> tuple[str, ...]:
        """Bucket, with the connection's id, and the folders below it."""
        return tuple(part for part in self.url.partition("://")[2].split("/") if part)

    @property
    def brings(self) -> str:
        """What to install for this scheme."""
        found = _BRINGS.get(self.scheme)
        return f"pip install '{found}'" if found else "the Airflow provider that has its file system"

    def below(self, key: str) -> str:
        """The address of something in it."""
        return f"{self.url}/{key}" if key else self.url


def store_address(text: str) -> StoreAddress | None:
    """The address in this text; None if it is not a URL but a local path.

    Raises:
        BadInputError: it is a URL, but not one of a store, or has a password.
    """
    scheme, is_url, rest = text.partition("://")
    if not is_url:
        return None
    if _has_password(text):  # which is not repeated here
        raise BadInputError(
            "The address of the record store has a password.",
            got=f"{scheme[:20]}://...:...@...",
            expected=_FORM,
            advice="Put the credentials into an Airflow connection, and its id into the address.",
        )
    parts = rest.rstrip("/").split("/")
    plain = text.isprintable() and not set(text) & set("?#\\ ") and len(text) <= _LONGEST
    if not plain or not _SCHEME.fullmatch(scheme) or not any(parts) or {".", ".."} & set(parts):
        raise BadInputError(
            "The address of the record store is not valid.",
            got=repr(text[:_LONGEST]),
            expected=_FORM,
            advice="Correct it, or use the path of a folder.",
        )
    return StoreAddress(f"{scheme}://{rest.rstrip('/')}")


def _has_password(text: str) -> bool:
    try:
        return urlsplit(text).password is not None
    except ValueError:
        return False
