"""The user's own configuration: from a file, the connection, ``conf=`` and other arguments, in this order."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_spark_guard.core.conf.effective_conf import Layer, check_user_conf
from airflow_spark_guard.core.conf.properties import spark_properties
from airflow_spark_guard.core.errors import ConfError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class UserConf:
    """What the user sets, by where it is set.

    Attributes:
        properties_file: ``properties_file=``.
        connection: the connection's name.
        connection_conf: the connection's extra ``conf``.
        conf: ``conf=``.
        arguments: the keys that arguments such as ``driver_memory=`` set.
    """

    properties_file: str | None = None
    connection: str = ""
    connection_conf: object = None
    conf: Mapping[Any, object] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)

    def layers(self, defaults: Path | None) -> list[Layer]:
        """The layers above the profile, lowest priority first.

        Args:
            defaults: Spark's own file of properties, which ``properties_file`` replaces; None without one.

        Raises:
            ConfError: a file that cannot be read, or a value that is not a configuration.
        """
        file = self.properties_file or defaults
        connection = f"connection {self.connection}"
        return [
            _of_file(file) if file else Layer("", {}),
            Layer(connection, check_user_conf(self._of_connection(), connection)),
            Layer("conf", check_user_conf(self.conf)),
            Layer("operator", self.arguments),
        ]

    def _of_connection(self) -> Mapping[Any, object]:
        found = self.connection_conf or {}
        if not isinstance(found, dict):
            raise ConfError(
                f"The extra 'conf' of connection {self.connection!r} is not a configuration.",
                got=type(found).__name__,
                expected='a mapping: {"conf": {"spark.eventLog.enabled": "true"}}',
                advice="Correct the connection.",
            )
        return found


def _of_file(file: str | Path) -> Layer:
    try:
        conf, others = spark_properties(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfError(
            "The properties file cannot be read.",
            got=f"{file}: {error}",
            expected="a file of Spark properties in UTF-8",
            advice="Check properties_file= as the Airflow worker sees it.",
        ) from error
    lines = f"{others} line{'s' if others > 1 else ''}"
    note = f"Ignored {lines} of {file}: Spark reads only keys that begin with 'spark.'."
    return Layer(str(file), conf, note if others else "")
