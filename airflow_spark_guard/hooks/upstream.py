"""The private names of the apache-spark provider that the hook relies on, each covered by a contract test.

``tests/unit/hooks/test_upstream.py`` fails when a new version of the provider renames one.
``operators/safe_spark_submit.py`` uses those of the provider's operator.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.common.compat.sdk import AirflowException

from airflow_spark_guard.attempt.marked_log import MarkedLog
from airflow_spark_guard.core.arguments import checked_arguments
from airflow_spark_guard.core.cluster.driver_state import driver_state
from airflow_spark_guard.core.connection import EXTERNAL, ConnectionAddress, check_extras
from airflow_spark_guard.core.keytab import keytab_of
from airflow_spark_guard.core.text.argument_words import masked_words
from airflow_spark_guard.core.text.masking import mask_text
from airflow_spark_guard.hooks.airflow_errors import AirflowErrors
from airflow_spark_guard.hooks.raw_connection import ConnectionGiven, extras, not_found

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONF = "--conf"
# Consecutive answers about a driver that name no state; upstream would poll for ever.
_MOST_UNREADABLE = 30
# Options that set a key of the configuration: they win in Spark, so they are merged, checked and shown.
_OPTION_KEYS = {
    "--driver-memory": "spark.driver.memory",
    "--executor-memory": "spark.executor.memory",
    "--executor-cores": "spark.executor.cores",
    "--num-executors": "spark.executor.instances",
    "--total-executor-cores": "spark.cores.max",
}


class UpstreamSubmitHook(SparkSubmitHook):
    """The provider's hook with public names for what we need, and without its silent fallback to yarn.

    Args:
        application_name: of an application whose user does not set one; empty for Spark's choice.
        **kwargs: of the provider's hook.
    """

    # The connection's extra ``conf``, unchecked; kept because each look-up may query a secrets backend.
    connection_conf: object = None
    # The connection's extra ``master_ui``: the standalone master's web page, if it is not on port 8080.
    master_ui: str | None = None
    # The connection's extra ``history_server``, such as ``http://host:18080``.
    history_server: str | None = None
    # The origin of the master, for messages.
    address = ConnectionAddress()
    # The connection's extras and login, for requests to the cluster manager.
    connection_given: ConnectionGiven | None = None
    # The keytab in the connection's extras, for :meth:`use_keytab`.
    keytab_given: bytes | None = None
    _fixed_options: list[str] | None = None
    _on_kubernetes = False
    _ready = False
    _unreadable = 0

    @AirflowErrors()
    def __init__(self, *, application_name: str = "", **kwargs: Any) -> None:
        self.application_name = application_name
        super().__init__(**checked_arguments(kwargs))
        self._ready = True

    @property
    def _is_kubernetes(self) -> bool:
        """False until the hook is created: upstream would require a client library that is not used here."""
        return self._on_kubernetes and self._ready

    @_is_kubernetes.setter
    def _is_kubernetes(self, value: bool) -> None:
        self._on_kubernetes = value

    def _resolve_connection(self) -> dict[str, Any]:
        """Look the connection up.

        Raises:
            ConnectionMissingError: it does not exist (upstream submits to yarn), or its extras are not valid.
        """
        try:
            found = self.get_connection(self._conn_id)
        except AirflowException as error:
            raise not_found(
                self._conn_id,
                error,
                "a connection of type Spark whose host is the master: yarn, spark://host:7077",
                f"Create it (airflow connections add {self._conn_id} ...), or set conn_id.",
            ) from error
        given = {
            "spark-binary": self.spark_binary,
            "queue": self._yarn_queue,
            "deploy-mode": self._deploy_mode,
            "principal": self._principal,
            "keytab": self._keytab,
        }
        replaced = [name for name, value in given.items() if value]
        extra = check_extras(self._conn_id, extras(found.extra), replaced)
        self.connection_given = ConnectionGiven(dict(extra), found.login, found.password)
        self.address = ConnectionAddress(
            self._conn_id,
            found.conn_type,
            found.host,
            found.port,
            tuple(map(str, extra)),
            external=extra.get(EXTERNAL) is True,
        )
        self.connection_conf = extra.get("conf")
        self.master_ui = str(extra["master_ui"]) if extra.get("master_ui") else None
        self.history_server = str(extra["history_server"]) if extra.get("history_server") else None
        return super()._resolve_connection()

    def _create_keytab_path_from_base64_keytab(self, base64_keytab: str, _principal: str | None) -> str:
        """Keep the keytab; upstream would leave it in the temporary folder, readable by every user.

        Raises:
            ConnectionMissingError: it is not valid base64, or empty. Upstream submits to yarn instead.
        """
        self.keytab_given = keytab_of(self._conn_id, base64_keytab)
        # Not empty: upstream checks whether there is a keytab at all.
        return f"keytab-of-connection-{self._conn_id}"

    def use_keytab(self, file: Path) -> None:
        """Have spark-submit take the keytab of the connection from this file."""
        if self.keytab_given is not None:
            self._connection["keytab"] = str(file)

    def _mask_cmd(self, connection_cmd: str | list[str]) -> str:
        """As upstream, with our masks in addition to its own; upstream passes lines of a log as well."""
        words = [connection_cmd] if isinstance(connection_cmd, str) else connection_cmd
        masked = masked_words(words) if len(words) > 1 else mask_text("".join(words))
        return str(super()._mask_cmd([masked]))

    def _process_spark_submit_log(self, itr: Iterator[Any]) -> None:
        """As upstream, which logs each line and keeps the last ones for its exception, but masked."""
        super()._process_spark_submit_log(mask_text(str(line)) for line in itr)

    @property
    def given_words(self) -> object:
        """``application_args=`` as passed."""
        return self._application_args

    @property
    def guard_log(self) -> MarkedLog:
        """The task's logger, with the guard's mark; ``log`` stays as Airflow has it."""
        return MarkedLog(self.log)

    @property
    def master(self) -> str:
        """Spark's master URL."""
        return str(self._connection["master"])

    @property
    def named_deploy_mode(self) -> tuple[str, object]:
        """(origin, value) of the deploy mode, from operator or connection; the value is None if not set."""
        named = self._connection["deploy_mode"] or None
        place = "deploy_mode" if self._deploy_mode else f"the extra deploy-mode of connection {self._conn_id}"
        return place, named

    def follow_cluster_mode(self) -> None:
        """Have upstream treat this as cluster mode, whichever setting has chosen it.

        Upstream's constructor checks only operator and connection, and decides by them whether to track,
        kill and poll the driver.
        """
        self._connection["deploy_mode"] = "cluster"
        self._should_track_driver_status = self._resolve_should_track_driver_status()
        master = self.master
        if master.startswith("spark://") and "," not in master and not self._connection["rest_endpoint"]:
            host = master.removeprefix("spark://").strip().rsplit(":", 1)[0]
            scheme, port = self._connection["rest_scheme"], self._connection["rest_port"]
            self._connection["rest_endpoint"] = f"{scheme}://{host}:{port}"

    @property
    def has_driver(self) -> bool:
        """Whether upstream knows a driver on the cluster, also one submitted by an earlier try."""
        return bool(self._driver_id)

    def _process_spark_status_log(self, itr: Iterator[Any]) -> None:
        """As upstream, but reads every form of the answer, and gives up after too many unreadable ones."""
        state = driver_state("".join(map(str, itr)))
        self._unreadable = 0 if state else self._unreadable + 1
        if self._unreadable >= _MOST_UNREADABLE:
            self.guard_log.warning("The state of the driver could not be read %s times.", self._unreadable)
            state = "UNKNOWN"
        self._driver_status = state or self._driver_status

    @property
    def named_binary(self) -> str | None:
        """spark-submit as set by operator or connection; None if not set."""
        binary = self._connection["spark_binary"] or "spark-submit"  # the extra may be null
        return None if binary == "spark-submit" else binary

    @property
    def user_conf(self) -> dict[str, Any]:
        """``conf=``."""
        return dict(self._conf)

    def fix_command(self, binary: str, options: list[str], env: dict[str, str]) -> None:
        """Make upstream submit with exactly this spark-submit, these options and this environment."""
        self._connection["spark_binary"] = binary
        self._fixed_options = options
        self._env = env

    def _build_spark_common_args(self) -> list[str]:
        if self._fixed_options is not None:
            return list(self._fixed_options)
        return list(super()._build_spark_common_args())

    @property
    def user_properties_file(self) -> str | None:
        """``properties_file=``."""
        return self._properties_file

    @property
    def user_environment(self) -> dict[str, str]:
        """``env_vars=`` as the job's processes on this host will see them."""
        return {key: str(value) for key, value in (self._env_vars or {}).items()}

    @property
    def namespace(self) -> str | None:
        """The Kubernetes namespace as set by connection or ``conf=``; None if not set."""
        return self._connection["namespace"] or None

    @property
    def has_kerberos(self) -> bool:
        """Whether a keytab and a principal are set, by argument or connection, as upstream checks it."""
        return bool(self._connection.get("keytab") and self._connection.get("principal"))

    @property
    def rm_auth(self) -> Any:
        """``yarn_rm_auth=``."""
        return self._yarn_rm_auth

    def disable_upstream_tracking(self) -> None:
        """Make upstream's operator call :meth:`submit` instead of tracking the application by itself."""
        self._is_yarn_cluster_mode = False
        self._track_driver_via_k8s_api = False
        self._yarn_track_via_rm_api = False

    def _validate_track_driver_via_k8s_api_config(self) -> None:
        """Check nothing: upstream's check is for a way of polling that is not used."""

    @property
    def java_class(self) -> str | None:
        """``java_class=``; if set, the application is a jar."""
        return self._java_class

    @property
    def arguments(self) -> list[str]:
        """``application_args=`` as text."""
        return [str(argument) for argument in self._application_args or []]

    @AirflowErrors()
    def submit_options(self) -> tuple[list[str], dict[str, str]]:
        """spark-submit's options as upstream builds them: (all but ``--conf``, configuration by key).

        The configuration is passed in a properties file, so that no process list shows it.
        """
        given, self._conf, self._properties_file = (self._conf, self._properties_file), {}, None
        try:
            built = self._build_spark_common_args()
        finally:
            self._conf, self._properties_file = given
        options: list[str] = []
        conf: dict[str, str] = {}
        pairs = iter(built)
        for option in pairs:
            if option == _CONF:
                key, _, value = next(pairs).partition("=")
                conf[key] = value
                continue
            options.append(option)
            if option in _OPTION_KEYS:
                options.append(value := next(pairs))
                conf[_OPTION_KEYS[option]] = value
        return options, conf

    def run_post_submit_commands(self) -> None:
        """``post_submit_commands=``, once."""
        self._run_post_submit_commands()


def hook_arguments(operator: Any) -> dict[str, Any]:
    """The arguments for upstream's hook, from the attributes ``name`` or ``_name`` of upstream's operator."""
    names = [name for name in inspect.signature(SparkSubmitHook.__init__).parameters if name != "self"]
    return {
        name: getattr(operator, name) if hasattr(operator, name) else getattr(operator, f"_{name}")
        for name in names
    }
