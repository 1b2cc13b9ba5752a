"""What a cluster manager is: everything that differs between YARN, Kubernetes and any other one.

A further manager is one file beside ``yarn.py`` and ``kubernetes.py``, and one name in ``managers.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

from airflow_spark_guard.core.codec import LATER, Stored
from airflow_spark_guard.core.web.access import Access

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_spark_guard.core.cluster.status import ClusterStatus
    from airflow_spark_guard.core.web.answer import Dialogue


@dataclass(frozen=True)
class Marks:
    """What an application carries, so that it is found again by whatever host runs the next try.

    Attributes:
        task: of the task instance, the same for all its tries.
        attempt: of one try.
    """

    task: str
    attempt: str


@dataclass(frozen=True)
class ClusterSecrets:
    """What an Airflow connection holds to get in.

    Attributes:
        login: of the connection.
        password: of the connection.
        token: extra ``cluster_token``.
    """

    login: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Settings:
    """What connection and configuration say of a cluster.

    Attributes:
        master: Spark's master URL.
        extra: of the connection; only the keys that the documentation names are read.
        conf: the effective configuration.
        user: the connection's login.
        namespace: as upstream found it; None if it did not.
    """

    master: str
    extra: Mapping[str, Any]
    conf: Mapping[str, str]
    user: str = ""
    namespace: str | None = None

    def text(self, name: str) -> str:
        """A text of the connection's extra; empty for anything else."""
        value = self.extra.get(name)
        return value if isinstance(value, str) else ""

    @property
    def verify(self) -> bool:
        """Whether certificates are checked: extra ``cluster_verify``."""
        return str(self.extra.get("cluster_verify", True)).strip().lower() not in {"false", "0", "no", "off"}


@dataclass(frozen=True)
class Machine:
    """What a manager may ask of the machine to get in; ``sources/cluster_access.py`` has the real one.

    Attributes:
        variable: of the environment, by its name; empty if it is not set.
        path: with a leading ``~`` resolved.
        exists: whether there is a file at the path.
        text: of the file at the path; ``OSError`` or ``ValueError`` where it cannot be read.
        yaml: its content; errors likewise.
        as_file: the path of a file with this content.
        kerberos_token: for a host, in base64; ``UnusableAnswerError`` where there is no ticket.
    """

    variable: Callable[[str], str]
    path: Callable[[str], str]
    exists: Callable[[str], bool]
    text: Callable[[str], str]
    yaml: Callable[[str], Any]
    as_file: Callable[[bytes], str]
    kerberos_token: Callable[[str], str]


@dataclass(frozen=True)
class ClusterManager(Stored, ABC):
    """A manager at one address. It goes into a trigger's arguments, which Airflow stores: it holds no secret.

    :meth:`status`, :meth:`find`, :meth:`kill` and :meth:`log_tail` are dialogues (``core/web/answer.py``);
    paths are relative to a server. Each raises ``UnusableAnswerError`` where the manager does not answer, and
    ``RefusedError`` where it answers that it does not let us in.

    Attributes:
        key: its name in what Airflow stores.
        title: its name in messages.
        has_spark_ids: whether its id of an application is Spark's own.
        takes_kerberos: whether upstream's keytab and ``HTTPKerberosAuth`` are for it.
        servers: its web servers, tried in this order; of the same cluster.
        ca_file: certificates of the servers; empty for the usual ones.
        verify: whether certificates are checked.
        kerberos: whether a server may ask for a Kerberos token (SPNEGO).
    """

    key: ClassVar[str]
    title: ClassVar[str]
    has_spark_ids: ClassVar[bool] = False
    takes_kerberos: ClassVar[bool] = False

    servers: tuple[str, ...]
    ca_file: str = ""
    verify: bool = True
    kerberos: bool = field(default=False, metadata=LATER)

    @classmethod
    @abstractmethod
    def recognises(cls, master: str) -> bool:
        """Whether this master URL is one of its own."""

    @classmethod
    @abstractmethod
    def of(cls, settings: Settings) -> Self:
        """The manager that connection and configuration name.

        Raises:
            BadInputError: no address, or one that is not valid.
        """

    @abstractmethod
    def status(self, application_id: str) -> Dialogue[ClusterStatus]:
        """One look; VANISHED where the manager says that it knows no such application."""

    @abstractmethod
    def find(self, mark: str, value: str) -> Dialogue[tuple[ClusterStatus, ...]]:
        """The active applications that carry this mark, oldest first."""

    @abstractmethod
    def kill(self, application_id: str) -> Dialogue[ClusterStatus]:
        """Ask for the end; the first look afterwards, which need not show the end yet."""

    def log_tail(self, application_id: str) -> Dialogue[str]:  # noqa: ARG002 - for those that keep logs
        """The last lines of the driver's output; empty if the manager does not keep them."""
        return ""
        yield  # a dialogue is a generator

    @abstractmethod
    def submit_conf(
        self, values: Mapping[str, str], marks: Marks, environment: Mapping[str, str]
    ) -> dict[str, str]:
        """The settings to add: the marks, no waiting of spark-submit, an environment for the driver.

        Args:
            values: the effective configuration.
            marks: of this try.
            environment: what the driver's process is to find in its environment.
        """

    def cannot_ship(self, values: Mapping[str, str]) -> str:  # noqa: ARG002 - for those that need a setting
        """Why files of this machine do not reach the driver, in words; empty if they do."""
        return ""

    def known_id(self, values: Mapping[str, str]) -> str:  # noqa: ARG002 - for those that take a name
        """The application's id where the configuration gives it; else empty."""
        return ""

    def printed_id(self, output: bytes) -> str:  # noqa: ARG002 - for those whose id is printed
        """The application's id in the output of spark-submit; empty if it has none."""
        return ""

    def access(self, secrets: ClusterSecrets, machine: Machine) -> Access:
        """The credentials to use now: a token of the connection, its login, the manager's own, or none.

        Raises:
            BadInputError: a file that was named cannot be used.
        """
        if secrets.token:
            return Access.bearer(secrets.token, verify=self.authority(machine))
        if secrets.password:
            return Access.basic(secrets.login, secrets.password, verify=self.tls)
        if self.kerberos:
            return Access(verify=self.tls, negotiate=machine.kerberos_token)
        return self.own_access(machine)

    def own_access(self, machine: Machine) -> Access:  # noqa: ARG002 - for those with credentials of their own
        """The credentials where the connection holds none."""
        return Access(verify=self.tls)

    def authority(self, machine: Machine) -> bool | str:  # noqa: ARG002 - for those with one of their own
        """Whose certificates count where a token is sent; as :attr:`tls`."""
        return self.tls

    @property
    def tls(self) -> bool | str:
        """True for the usual certificates, a file of certificates, or False for none."""
        return self.verify and (self.ca_file or True)

    def to_json(self) -> dict[str, Any]:
        """As JSON, with the manager's key."""
        return {"manager": self.key, **super().to_json()}


def is_url(url: str) -> bool:
    """Whether it is a web address with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
