"""How ``SafeSparkSubmitHook`` gets in where its driver runs on a cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_spark_guard.attempt.cluster_connection import cluster_connection
from airflow_spark_guard.core.cluster.manager import ClusterSecrets
from airflow_spark_guard.core.errors import BadInputError
from airflow_spark_guard.hooks.object_storage import open_directory
from airflow_spark_guard.hooks.settings import addresses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_spark_guard.attempt.cluster_connection import ClusterConnection
    from airflow_spark_guard.hooks.safe_spark_submit import SafeSparkSubmitHook


def connection_of(hook: SafeSparkSubmitHook, conf: Mapping[str, str]) -> ClusterConnection:
    """The cluster manager, and how it lets us in.

    Raises:
        BadInputError: the connection does not name it, or ``yarn_rm_auth`` cannot be used.
    """
    found = cluster_connection(
        hook.connection_given,
        hook.master,
        conf,
        hook.tag,
        namespace=hook.namespace,
        deployment=addresses(),
        open_directory=open_directory,
    )
    auth = hook.rm_auth
    if found.place.takes_kerberos and (_is_kerberos(auth) if auth is not None else hook.has_kerberos):
        return replace(found, place=replace(found.place, kerberos=True))
    if auth is None:
        return found
    login, password = getattr(auth, "username", None), getattr(auth, "password", None)
    if hook.deferrable or not isinstance(login, str) or not isinstance(password, str):
        raise BadInputError(
            "yarn_rm_auth cannot be used here.",
            got=f"{type(auth).__name__}{' with deferrable=True' if hook.deferrable else ''}",
            expected="requests.auth.HTTPBasicAuth, and deferrable=False; or HTTPKerberosAuth of "
            "requests_kerberos; or credentials in the connection",
            advice="Put login and password, or the extra cluster_token, into the Airflow connection: a "
            "trigger finds them there, and Airflow stores none of them elsewhere.",
        )
    return replace(found, secrets=ClusterSecrets(login, password))


def _is_kerberos(auth: object) -> bool:
    """Whether it is what upstream takes by itself; its options are not read, the token is made by us."""
    return any(
        (kind.__module__.partition(".")[0], kind.__name__) == ("requests_kerberos", "HTTPKerberosAuth")
        for kind in type(auth).__mro__
    )
