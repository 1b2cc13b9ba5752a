"""The apache-spark provider's private names that we rely on: all of them here, each under a contract test.

``tests/unit/hooks/test_upstream.py`` fails when a new version of the provider renames one.
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
# Answers about a driver that name no state, in a row; upstream would ask for ever.
_MOST_UNREADABLE = 30
# Options that stand for a key: Spark lets them win, so they belong to what is merged, checked and shown.
_OPTION_KEYS = {
    "--driver-memory": "spark.driver.memory",
    "--executor-memory": "spark.executor.memory",
    "--executor-cores": "spark.executor.cores",
    "--num-executors": "spark.executor.instances",
    "--total-executor-cores": "spark.cores.max",
}


class UpstreamSubmitHook(SparkSubmitHook):
    """The provider's hook, with what we need of it under public names, and without its silent yarn."""

    # The connection's extra ``conf``, whatever it is; kept, since each look-up may ask a secrets backend.
    connection_conf: object = None
    # The connection's extra ``master_ui``: the standalone master's web page, where it is not on port 8080.
    master_ui: str | None = None
    # The connection's extra ``history_server``, such as ``http://host:18080``.
    history_server: str | None = None
    # Where the master comes from, for a message about it.
    address = ConnectionAddress()
    # Its extras and its login, for whoever asks the cluster's manager.
    connection_given: ConnectionGiven | None = None
    # Of an application that its user does not name.
    application_name: str = ""
    # The keytab in its extras, for :meth:`use_keytab`.
    keytab_given: bytes | None = None
    _fixed_options: list[str] | None = None
    _on_kubernetes = False
    _ready = False
    _unreadable = 0

    @AirflowErrors()
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**checked_arguments(kwargs))
        self._ready = True

    @property
    def _is_kubernetes(self) -> bool:
        """Not before the hook is made: upstream would want a client library that is not used here."""
        return self._on_kubernetes and self._ready

    @_is_kubernetes.setter
    def _is_kubernetes(self, value: bool) -> None:
        self._on_kubernetes = value

    def _resolve_connection(self) -> dict[str, Any]:
        """Look the connection up.

        Raises:
            ConnectionMissingError: there is none (upstream submits to yarn), or its extras cannot be used.
        """
        try:
            found = self.get_connection(self._conn_id)
        except AirflowException as error:
            raise not_found(
                self._conn_id,
                error,
                "a connection of type Spark whose host is the master: yarn, spark://host:7077",
                f"Create it (airflow connections add {self._conn_id} ...), or give conn_id.",
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
        """Keep the keytab; upstream would leave it in the temporary folder, for everybody to read.

        Raises:
            ConnectionMissingError: it is no base64, or empty. Upstream submits to yarn instead.
        """
        self.keytab_given = keytab_of(self._conn_id, base64_keytab)
        # Not empty: upstream asks whether there is a keytab at all.
        return f"keytab-of-connection-{self._conn_id}"

    def use_keytab(self, file: Path) -> None:
        """Have spark-submit take the keytab of the connection from this file."""
        if self.keytab_given is not None:
            self._connection["keytab"] = str(file)

    def _mask_cmd(self, connection_cmd: str | list[str]) -> str:
        """As upstream, with our masks beside its own; it gives lines of a log as well."""
        words = [connection_cmd] if isinstance(connection_cmd, str) else connection_cmd
        masked = masked_words(words) if len(words) > 1 else mask_text("".join(words))
        return str(super()._mask_cmd([masked]))

    def _process_spark_submit_log(self, itr: Iterator[Any]) -> None:
        """As upstream, which logs each line and keeps the last ones for its exception; masked."""
        super()._process_spark_submit_log(mask_text(str(line)) for line in itr)

    @property
    def given_words(self) -> object:
        """``application_args=`` as it was given."""
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
        """``client`` or ``cluster`` as operator or connection name it, and which; None when neither does."""
        named = self._connection["deploy_mode"] or None
        place = "deploy_mode" if self._deploy_mode else f"the extra deploy-mode of connection {self._conn_id}"
        return place, named

    def follow_cluster_mode(self) -> None:
        """Have upstream treat this as cluster mode, whatever place has said so.

        In its constructor it looks at operator and connection alone; by what it found there it follows, kills
        and asks for the driver.
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
        """Whether upstream knows a driver on the cluster, also one that an earlier try has submitted."""
        return bool(self._driver_id)

    def _process_spark_status_log(self, itr: Iterator[Any]) -> None:
        """As upstream, but every form of the answer is read, and answers that say nothing come to an end."""
        state = driver_state("".join(map(str, itr)))
        self._unreadable = 0 if state else self._unreadable + 1
        if self._unreadable >= _MOST_UNREADABLE:
            self.guard_log.warning("The state of the driver could not be read %s times.", self._unreadable)
            state = "UNKNOWN"
        self._driver_status = state or self._driver_status

    @property
    def named_binary(self) -> str | None:
        """spark-submit as operator or connection name it; None when neither does."""
        binary = self._connection["spark_binary"] or "spark-submit"  # an extra of JSON's null
        return None if binary == "spark-submit" else binary

    @property
    def user_conf(self) -> dict[str, Any]:
        """``conf=``."""
        return dict(self._conf)

    def fix_command(self, binary: str, options: list[str], env: dict[str, str]) -> None:
        """Let upstream submit with exactly this spark-submit, these options and this environment."""
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
        """``env_vars=`` as the job's processes here will see them."""
        return {key: str(value) for key, value in (self._env_vars or {}).items()}

    @property
    def namespace(self) -> str | None:
        """The Kubernetes namespace as connection or ``conf=`` name it; None when neither does."""
        return self._connection["namespace"] or None

    @property
    def has_kerberos(self) -> bool:
        """Whether a keytab and a principal are given, by argument or connection: upstream's own sign."""
        return bool(self._connection.get("keytab") and self._connection.get("principal"))

    @property
    def rm_auth(self) -> Any:
        """``yarn_rm_auth=``."""
        return self._yarn_rm_auth

    def leave_cluster_mode_to_us(self) -> None:
        """Have upstream's operator call :meth:`submit`, whatever it would do with this master itself."""
        self._is_yarn_cluster_mode = False
        self._track_driver_via_k8s_api = False
        self._yarn_track_via_rm_api = False

    def _validate_track_driver_via_k8s_api_config(self) -> None:
        """Nothing: what upstream checks here belongs to a way of polling that is not used."""

    @property
    def java_class(self) -> str | None:
        """``java_class=``: the application is a jar."""
        return self._java_class

    @property
    def arguments(self) -> list[str]:
        """``application_args=`` as text."""
        return [str(argument) for argument in self._application_args or []]

    @AirflowErrors()
    def submit_options(self) -> tuple[list[str], dict[str, str]]:
        """spark-submit's options as upstream builds them: (all but ``--conf``, configuration by key).

        Configuration travels in a properties file, where no process list shows it.
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
    """The arguments of upstream's hook, as upstream's operator holds them: ``name`` or ``_name``."""
    names = [name for name in inspect.signature(SparkSubmitHook.__init__).parameters if name != "self"]
    return {
        name: getattr(operator, name) if hasattr(operator, name) else getattr(operator, f"_{name}")
        for name in names
    }
