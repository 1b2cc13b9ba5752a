"""One poller for many followers: what a driver is asked, and what becomes of those who follow."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections import Counter
from functools import partial
from itertools import pairwise

import pytest

from airflow_spark_guard.sources.poller import Following
from airflow_spark_guard.sources.remote import AsyncRemoteSource
from tests.support.remote_site import remote_site
from tests.support.virtual_loop import VirtualLoop

WHOSE = contextvars.ContextVar("WHOSE", default="nobody's")


class Source:
    """Counts; raises once ``broken`` is set."""

    def __init__(self):
        self.looks, self.closed, self.broken, self.contexts = 0, 0, None, set()

    async def look(self):
        await asyncio.sleep(0)
        self.contexts.add(WHOSE.get())
        if self.broken is not None:
            raise self.broken
        self.looks += 1
        return self.looks

    async def aclose(self):
        self.closed += 1


class Sources:
    """Makes sources, and keeps them."""

    def __init__(self):
        self.made = []

    def __call__(self):
        self.made.append(Source())
        return self.made[-1]


@pytest.fixture
def sources():
    return Sources()


def pollers():
    return [task for task in asyncio.all_tasks() if task.get_name() == "spark-guard poller"]


def test_fifty_followers_cost_a_driver_one_look_an_interval():
    """A driver is asked as often as by one sensor, whoever comes when."""
    with remote_site() as site:
        target, seen = site.target("driver_ui"), Counter()

        async def follow(number):
            async with Following(target, 0.2, partial(AsyncRemoteSource, target)) as looks:
                for _ in range(6):
                    snapshot = await looks.next()
                    seen[number] += len(snapshot.executors)

        async def all_of_them():
            await asyncio.gather(*map(follow, range(50)))
            assert pollers() == []

        asyncio.run(all_of_them())
        asked = site.count("/allexecutors")
    assert seen == dict.fromkeys(range(50), 6), "all have seen each look once"
    assert 6 <= asked <= 7
    assert len(site.asked) == asked + 1, "whose UI it is was asked once"


def test_others_keys_and_intervals_have_pollers_of_their_own(sources):
    """Whoever wants details gets them."""

    async def run():
        async with (
            Following("a", 9, sources) as one,
            Following("b", 9, sources) as two,
            Following("a", 8, sources) as three,
            Following("a", 9, sources) as four,
        ):
            assert [await looks.next() for looks in (one, two, three, four)] == [1, 1, 1, 1]
            assert len(sources.made) == len(pollers()) == 3

    asyncio.run(run())


def test_the_last_one_out_ends_the_poller(sources):
    """And its connections; who comes later gets a new one."""

    async def run():
        async with Following("a", 9, sources) as one:
            async with Following("a", 9, sources) as two:
                await one.next()
                await two.next()
            assert len(pollers()) == 1
            assert sources.made[0].closed == 0
        assert pollers() == []
        assert sources.made[0].closed == 1
        async with Following("a", 9, sources) as looks:
            assert await looks.next() == 1
        assert [source.closed for source in sources.made] == [1, 1]

    asyncio.run(run())


def test_a_poller_that_never_began_is_closed_as_well(sources):
    """Its follower was cancelled at once."""

    async def run():
        async with Following("a", 9, sources):
            pass
        assert pollers() == []

    asyncio.run(run())
    assert (sources.made[0].looks, sources.made[0].closed) == (0, 1)


def test_a_follower_that_is_cancelled_is_out(sources):
    """As a triggerer does when a task is cleared."""

    async def follow():
        async with Following("a", 9, sources) as looks:
            while True:
                await looks.next()

    async def run():
        tasks = [asyncio.create_task(follow()) for _ in range(2)]
        await asyncio.sleep(0.05)
        for task, left in zip(tasks, (1, 0), strict=True):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert len(pollers()) == left
        assert sources.made[0].closed == 1

    asyncio.run(run())


def test_what_the_source_raises_reaches_all_and_no_later_one(sources):
    """Those who wait would else wait for ever; a later one gets a new poller, and harms it not by leaving."""

    async def for_ever(looks):
        while True:
            await looks.next()

    async def follow(looks):
        with pytest.raises(RuntimeError, match="^boo$"):
            await for_ever(looks)

    async def run():
        async with Following("a", 0.05, sources) as one, Following("a", 0.05, sources) as two:
            following = asyncio.gather(follow(one), follow(two))
            await asyncio.sleep(0.01)
            sources.made[0].broken = RuntimeError("boo")
            await following
            assert sources.made[0].closed == 1
            later = Following("a", 0.05, sources)
            await later.__aenter__()
            assert await later.next() == 1
        assert len(pollers()) == 1, "the old one's followers are gone, the new one's is not"
        assert await later.next() == 2
        await later.__aexit__()
        assert pollers() == []

    asyncio.run(run())


def test_a_slow_follower_holds_nobody_up(sources):
    """It misses what it was too slow for, and gets the newest."""

    async def run():
        async with Following("a", 0.02, sources) as quick, Following("a", 0.02, sources) as slow:
            assert await slow.next() == 1
            seen = [await quick.next() for _ in range(10)]
            assert seen == list(range(1, 11))
            assert await slow.next() >= 10

    asyncio.run(run())


def test_looks_keep_to_their_grid_whatever_they_take():
    """An answer of half an interval does not move the next question; one of two intervals does not pile up."""

    class Slow(Source):
        def __init__(self, takes):
            super().__init__()
            self.takes, self.times, self.running = takes, [], 0

        async def look(self):
            self.running += 1
            assert self.running == 1
            self.times.append(asyncio.get_running_loop().time())
            await asyncio.sleep(self.takes)
            self.running -= 1
            return await super().look()

    async def gaps(takes, interval):
        source = Slow(takes)
        async with Following("a", interval, lambda: source) as looks:
            for _ in range(5):
                await looks.next()
        times = source.times[1:5]  # the first gap is random, so that many do not ask together for ever
        return [later - earlier for earlier, later in pairwise(times)]

    for takes, interval in ((1.0, 2.0), (2.0, 1.0)):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            assert runner.run(gaps(takes, interval)) == pytest.approx([2.0] * 3)


def test_the_pollers_context_is_nobodys(sources):
    """It would log into the log of the task that came first, and go on when that has ended."""

    async def run():
        WHOSE.set("the first one's")
        async with Following("a", 9, sources) as looks:
            await looks.next()
        assert sources.made[0].contexts == {"nobody's"}

    asyncio.run(run())


def test_pollers_belong_to_their_event_loop(sources):
    """A second loop has its own, and nothing of the first one is kept."""

    async def run():
        async with Following("a", 9, sources) as looks:
            return await looks.next()

    assert [asyncio.run(run()) for _ in range(3)] == [1, 1, 1]
    assert [source.closed for source in sources.made] == [1, 1, 1]
    gc.collect()
    from airflow_spark_guard.sources import poller

    assert len(poller._pollers) == 0


def test_a_source_that_cannot_be_made_leaves_nothing_behind():
    """The next one tries anew."""

    def refuse():
        raise OSError("no certificates")

    async def run():
        for _ in range(2):
            with pytest.raises(OSError, match="no certificates"):
                async with Following("a", 9, refuse):
                    pass
        assert pollers() == []

    asyncio.run(run())
