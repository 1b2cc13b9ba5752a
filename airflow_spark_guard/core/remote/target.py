"""Which application is watched, and which servers can be asked about it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self
from urllib.parse import urlsplit

from airflow_spark_guard.core.codec import Stored
from airflow_spark_guard.core.errors import ApplicationError

_LONGEST = 2000


@dataclass(frozen=True)
class Target(Stored):
    """An application, by id or by name, and its witnesses.

    Attributes:
        application_id: such as ``app-20261121031500-0007``; empty if the name identifies it.
        name: ``spark.app.name``; empty if the id identifies it.
        driver_ui: the driver's web UI, such as ``http://host:4040``; empty to ask the master for it.
        master: a standalone master, ``spark://host:7077`` or several as ``spark://host:7077,host2:7077``.
        master_ui: its web UI; empty for port 8080 of the master's host.
        history_server: such as ``http://host:18080``. Only it can distinguish success from a killed driver.
    """

    sparse = True

    application_id: str = ""
    name: str = ""
    driver_ui: str = ""
    master: str = ""
    master_ui: str = ""
    history_server: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_text(field.name, getattr(self, field.name))
        for name in ("driver_ui", "master_ui", "history_server"):
            _check_url(name, getattr(self, name))
        if self.master and not self.master.startswith("spark://"):
            raise ApplicationError(
                "The master cannot be asked about applications.",
                got=f"master={self.master!r}",
                expected="a standalone master, such as spark://host:7077",
                advice="On YARN and Kubernetes, give driver_ui= and history_server= instead.",
            )

    @property
    def witnesses(self) -> tuple[str, ...]:
        """The servers that can be asked, by field name."""
        known = {"driver_ui": self.driver_ui, "master": self.master or self.master_ui}
        known["history_server"] = self.history_server
        return tuple(name for name, value in known.items() if value)

    @property
    def has_history_alone(self) -> bool:
        """Whether only a history server can be asked."""
        return self.witnesses == ("history_server",)

    def check(self) -> Self:
        """This target, if it names an application and a server that can be asked.

        Raises:
            ApplicationError: it does not.
        """
        if not self.application_id and not self.name:
            raise ApplicationError(
                "No application is named.",
                got="neither application_id nor name",
                expected="the id or the name of a Spark application",
                advice='Give application_id="app-...", or the XCom of the task that submits it.',
            )
        if not self.witnesses:
            raise ApplicationError(
                "No driver UI, master or history server is configured for application "
                f"{self.application_id or self.name}.",
                got="no driver_ui, no master, no history_server",
                expected="at least one of them, here or in the connection",
                advice='Give master="spark://host:7077" or driver_ui="http://host:4040", and history_server.',
            )
        return self

    @classmethod
    def from_json(cls, raw: object) -> Self:
        """The inverse of :meth:`to_json`; a user may have written it.

        Raises:
            ApplicationError: fields that a target does not have, or values that are not text.
        """
        known = {field.name for field in fields(cls)}
        if not isinstance(raw, dict) or set(raw) - known:
            raise ApplicationError(
                "This value does not identify an application.",
                got=repr(raw)[:200],
                expected=f"a mapping with {', '.join(sorted(known))}",
                advice="Give the XCom spark_guard_application of a guarded task, or single fields.",
            )
        return cls(**raw)


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise ApplicationError(
            f"The application's {name} is not valid.",
            got=repr(value)[:200],
            expected="one line of text",
            advice="Check the value of the template or XCom.",
        )


def _check_url(name: str, value: str) -> None:
    try:
        parts = urlsplit(value)
        usable = not value or (parts.scheme in {"http", "https"} and bool(parts.hostname))
        secret = parts.username is not None or parts.password is not None
        port = parts.port  # raises if it is not a port
    except ValueError:
        usable, secret, port = False, False, None
    del port
    if not usable or secret:
        raise ApplicationError(
            f"{name} is not the address of a web server.",
            got="an address that contains a password" if secret else f"{name}={value!r}"[:200],
            expected="http://host:port or https://host/path, without login and password",
            advice="Put login and password into the Airflow connection (conn_id=).",
        )
