"""The links of a task that runs a Spark application: they work while it runs, and lead nowhere where unknown.

Airflow's API server reads the XCom that is named here and calls none of this. The task pushes it as soon as
the address is known; when the task ends, Airflow writes what ``get_link`` says over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

LINKS_ATTRIBUTE: Final = "guard_links"


class _GuardLink(BaseOperatorLink):
    """Leads to what the operator that has executed keeps under ``key``."""

    name: ClassVar[str] = ""
    key: ClassVar[str] = ""

    @property
    def xcom_key(self) -> str:
        """The XCom that holds the address."""
        return self.key

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's
        """The same that was pushed; empty where the address is not known."""
        return str(getattr(operator, LINKS_ATTRIBUTE, {}).get(self.key, ""))


class SparkUILink(_GuardLink):
    """The driver's web UI; once the application is over, its page at the history server or the master."""

    name = "Spark UI"
    key = "spark_guard_ui"


class SparkHistoryLink(_GuardLink):
    """The application's page at the history server, which stays."""

    name = "Spark history"
    key = "spark_guard_history"


class GuardRecordLink(_GuardLink):
    """The attempt's record, where ``[spark_guard] record_url`` says that records are served."""

    name = "Guard record"
    key = "spark_guard_record"


LINKS: Final = (SparkUILink(), SparkHistoryLink(), GuardRecordLink())


def known_links(
    links: Collection[BaseOperatorLink], addresses: Mapping[str, str]
) -> tuple[BaseOperatorLink, ...]:
    """The links without those of ours whose address never was known: Airflow would push an empty XCom."""
    return tuple(link for link in links if not isinstance(link, _GuardLink) or link.key in addresses)
