"""What is beside the contract that ``tests/integration/cluster/test_contract.py`` holds every manager to."""

import asyncio

import pytest

from airflow_spark_guard.core.cluster.yarn import Yarn
from airflow_spark_guard.core.web.access import Access
from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.cluster import AsyncClusterSource, BlockingClusterSource
from airflow_spark_guard.testing import FakeResourceManager


def test_every_server_that_does_not_answer_is_named():
    """With its own reason."""
    with FakeResourceManager() as down:
        down.down = True
        source = AsyncClusterSource(Yarn(("http://127.0.0.1:1", down.url)), Access, timeout=0.5)
        with pytest.raises(UnusableAnswerError, match=f"http://127.0.0.1:1: .*; {down.url}: "):
            asyncio.run(source.status("application_1_2"))


def test_credentials_go_to_the_manager_and_nowhere_else():
    """A standby may name any address."""
    with FakeResourceManager() as standby, FakeResourceManager() as elsewhere:
        seen = []
        reply = elsewhere.reply
        elsewhere.reply = lambda handler: (seen.append(handler.headers.get("Authorization")), reply(handler))[
            1
        ]
        standby.standby = elsewhere.url
        source = AsyncClusterSource(Yarn((standby.url,)), lambda: Access.bearer("geheim"), timeout=0.5)
        with pytest.raises(UnusableAnswerError, match="is a redirect to another port, http://127.0.0.1:"):
            asyncio.run(source.status("application_1_2"))
        assert seen == []


def test_certificates_that_cannot_be_read_are_no_answer(tmp_path):
    """A sentence, not a traceback from a library."""
    access = Access(verify=str(tmp_path / "nowhere.pem"))
    source = AsyncClusterSource(Yarn(("https://127.0.0.1:1",)), lambda: access)
    with pytest.raises(UnusableAnswerError, match="its certificates cannot be read"):
        asyncio.run(source.status("application_1_2"))


def test_an_end_that_nobody_confirms_is_over_in_time():
    """Airflow waits 5 s for a kill, not for a manager."""
    with FakeResourceManager() as slow:
        slow.delay = 30.0
        source = BlockingClusterSource(AsyncClusterSource(Yarn((slow.url,)), Access))
        assert source.end("application_1_2", 0.3) == "YARN did not answer in time"
        source.close()
