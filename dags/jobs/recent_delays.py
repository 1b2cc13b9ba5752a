"""Features of a flight out of other flights: what is known one hour before it is scheduled to depart.

Each flight becomes a few rows of one table: its question, one hour before the scheduled departure; its
departure, with the delay, and the moments at which that is too old to count; and, if it leaves late, the
begin and the end of its wait. A running sum in the order of time that ends at the question includes what has
happened by then and nothing later. One union and one pass for each key scale; a join of flights with the
flights before them would not, nor would a window that adds up its rows anew for each flight.

Moments are seconds since 1970 in UTC: when the clocks go back, one hour of local time happens twice.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from pyspark.sql import Column, WindowSpec

HOUR = 3600
ASKED_BEFORE = HOUR
# No departure shows that a flight was cancelled: a flight that is later than this waits no longer.
LONGEST_WAIT = 3 * HOUR

AIRPORT, CARRIER, ROUTE, AIRCRAFT = ("origin",), ("origin", "carrier"), ("origin", "dest"), ("tailnum",)
# How long a departure counts, by what it has in common with the flight in question.
COUNTS_FOR = {"airport": (AIRPORT, 2 * HOUR), "carrier": (CARRIER, 3 * HOUR), "route": (ROUTE, 24 * HOUR)}
RECENT = (
    "airport_delay",  # mean of the departures from the airport in two hours, in minutes
    "airport_departures",  # their number
    "carrier_delay",  # the carrier's from the airport, in three hours
    "carrier_departures",
    "route_delay",  # from the airport to the destination, in a day
    "route_departures",
    "airport_waiting",  # flights that are late and have not left the airport
    "airport_waited",  # the minutes that they are late by so far, in all
    "carrier_waiting",
    "carrier_waited",
    "aircraft_delay",  # of the aircraft's previous departure, in minutes
    "aircraft_minutes",  # since then
)


# [START flight_delay_windows]
def with_recent_delays(flights: DataFrame) -> DataFrame:
    """``flights`` with the columns ``RECENT``; null if there was no such departure."""
    departure = sf.when(sf.col("late").isNotNull(), sf.struct("at", "late"))
    columns = {"previous": sf.max(departure).over(until_now(AIRCRAFT))}
    for name, (by, _) in COUNTS_FOR.items():
        departures = sf.coalesce(sf.sum(f"{name}_counts").over(until_now(by)), sf.lit(0))
        columns[f"{name}_departures"] = departures
        columns[f"{name}_delay"] = sf.try_divide(sf.sum(f"{name}_late").over(until_now(by)), departures)
    for name, by in (("airport", AIRPORT), ("carrier", CARRIER)):
        columns[f"{name}_waiting"] = sf.sum("waits").over(until_now(by))
        columns[f"{name}_waited"] = minutes_waited(until_now(by))
    known = timeline(flights).withColumns(columns).where("flight is not null")
    return known.withColumns(
        {
            "aircraft_delay": sf.col("previous.late"),
            "aircraft_minutes": (sf.col("at") - sf.col("previous.at")) / 60,
        }
    ).select("flight.*", *RECENT)


# [END flight_delay_windows]


def timeline(flights: DataFrame) -> DataFrame:
    """Every event of every flight, at its moment ``at``; a question has its whole ``flight``, in one column.

    Most rows are events: a column of each of the flight's would be null in them, and be sorted with them.
    """
    due = sf.unix_timestamp(sf.to_timestamp("time_hour")) + 60 * sf.col("minute")
    left = (due + 60 * sf.col("dep_delay")).cast("bigint")
    ends = sf.least(left, due + LONGEST_WAIT)  # of a flight that never left, the second
    keys = (*CARRIER, "dest", *AIRCRAFT)
    delay = sf.col("dep_delay")
    departed, late = flights.where(left.isNotNull()), flights.where(ends > due)
    counts = [
        column.alias(f"{name}_{what}")
        for name in COUNTS_FOR
        for what, column in (("late", delay), ("counts", sf.lit(1)))
    ]
    events = (
        flights.select(*keys, (due - ASKED_BEFORE).alias("at"), sf.struct(*flights.columns).alias("flight")),
        departed.select(*keys, left.alias("at"), delay.alias("late"), *counts),
        *(
            departed.select(
                *keys,
                (left + seconds + 1).alias("at"),
                (-delay).alias(f"{name}_late"),
                sf.lit(-1).alias(f"{name}_counts"),
            )
            for name, (_, seconds) in COUNTS_FOR.items()
        ),
        late.select(*keys, due.alias("at"), sf.lit(1).alias("waits"), due.alias("due")),
        late.select(*keys, ends.alias("at"), sf.lit(-1).alias("waits"), due.alias("due")),
    )
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), events)


def until_now(by: tuple[str, ...]) -> WindowSpec:
    """All events up to now."""
    return Window.partitionBy(*by).orderBy("at").rangeBetween(Window.unboundedPreceding, Window.currentRow)


def minutes_waited(past: WindowSpec) -> Column:
    """By how much the flights that wait are late now: now less each one's scheduled departure."""
    waiting, due = sf.sum("waits"), sf.sum(sf.col("waits") * sf.col("due"))
    return (waiting.over(past) * sf.col("at") - due.over(past)) / 60
