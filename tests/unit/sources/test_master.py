import asyncio
import json
from contextlib import closing

import pytest

from airflow_spark_guard.core.web.answer import UnusableAnswerError
from airflow_spark_guard.sources.master import AsyncMasterSource, MasterSource
from tests.support.dialogue import DATA, recorded
from tests.support.web_server import say, serving

STATE = recorded("4.3.0", "master")
APP = STATE["activeapps"][0]
PAGE = (DATA.parent / "pages" / "master-application-4.2.0.html").read_bytes()


def master_of(*args):
    return MasterSource(AsyncMasterSource(*args))


def cluster(token=None):
    """A master that ends its application, asking for a token where one is given."""
    over = []

    def reply(handler, form):
        if form is not None:
            good = f"id={APP['id']}&terminate=true" + (f"&csrfToken={token}" if token else "")
            if form == good:
                over.append(1)
            say(handler, status=302, Location="/") if form == good else say(handler, b"<html>", 403)
        elif handler.path == "/":
            say(handler, f'<form><input type="hidden" name="csrfToken" value="{token}"/></form>'.encode())
        else:
            changed = {"activeapps": [], "completedapps": [APP]} if over else {}
            say(handler, json.dumps({**STATE, **changed}).encode())

    return reply


def test_a_master_is_looked_at():
    """Its page, as somebody named it."""
    with serving(cluster()) as ui, closing(master_of(STATE["url"], ui)) as master:
        view = master.look(APP["id"])
        assert (view.known, view.waiting, view.workers) == (True, False, ((0, 0, 2, 1024),))
        assert not master.look().known


def test_its_web_ui_is_told_once_it_has_answered():
    """Whether it was named or looked for."""
    with serving(cluster()) as ui, closing(master_of(STATE["url"], ui + "/")) as master:
        assert master.web_ui() == ui
    with (
        closing(master_of(STATE["url"], "http://127.0.0.1:1")) as master,
        pytest.raises(UnusableAnswerError),
    ):
        master.web_ui()


@pytest.mark.parametrize("token", [None, "abc"])
def test_an_application_is_killed_and_that_is_proven(token):
    """With the token that Spark 4.3 wants, and without."""
    with serving(cluster(token)) as ui, closing(master_of(STATE["url"], ui)) as master:
        assert master.gone(APP["id"]) is False
        assert master.kill(APP["id"]) is True
        assert master.gone(APP["id"]) is True


def test_the_page_of_an_application_is_read():
    """It names executors that never reached the driver, and where their stderr is."""
    state = cluster()

    def reply(handler, form):
        if handler.path.startswith("/app/"):
            say(handler, PAGE)
        else:
            state(handler, form)

    with serving(reply) as ui, closing(master_of(STATE["url"], ui)) as master:
        assert [row.id for row in master.page(APP["id"]).ended] == ["0", "1"]


def test_no_master_is_one_sentence():
    """And proves nothing."""
    with closing(master_of("spark://127.0.0.1:7077", "http://127.0.0.1:1")) as master:
        with pytest.raises(UnusableAnswerError, match="^no living master: http://127.0.0.1:1: no answer: "):
            master.look()
        assert master.gone("app-1") is None


def test_the_async_source_says_the_same():
    """For triggers."""

    async def all_of_it(ui):
        master = AsyncMasterSource(STATE["url"], ui)
        said = [
            (await master.look(APP["id"])).known,
            await master.kill(APP["id"]),
            await master.gone(APP["id"]),
        ]
        await master.aclose()
        return said

    with serving(cluster()) as ui:
        assert asyncio.run(all_of_it(ui)) == [True, True, True]
