"""Scala collections and Spark's SQL status store, as Py4J shows them to the job's side."""

from __future__ import annotations

import hashlib


class Collection(list):
    """A Scala collection or Option, as Py4J shows it."""

    def size(self):
        return len(self)

    def apply(self, place):
        return self[place]

    def isEmpty(self):  # noqa: N802
        return not self

    def get(self):
        return self[0]

    def mkString(self, between):  # noqa: N802
        return between.join(self)


class Execution:
    """As much of Spark's ``SQLExecutionUIData`` as is asked for."""

    def __init__(self, number):
        self.number, self.completed, self.values = number, False, {1: "10", 2: "1.0 s", 3: "4.0 KiB"}
        self.stage_ids = [number]
        self.names = {1: ("number of output rows", "sum"), 2: ("duration", "timing"), 3: ("a, b)", "size")}

    def executionId(self):  # noqa: N802
        return self.number

    def completionTime(self):  # noqa: N802
        return Collection(["now"] if self.completed else [])

    def stages(self):
        return Collection(map(str, self.stage_ids))

    def metrics(self):
        return Collection(f"SQLPlanMetric({name},{k},{kind})" for k, (name, kind) in self.names.items())


class Store:
    """As much of Spark's ``SQLAppStatusStore`` as is asked for."""

    def __init__(self):
        self.executions = []

    def start(self):
        self.executions.append(Execution(len(self.executions)))
        return self.executions[-1]

    def listener(self):
        return Collection()

    def executionsCount(self):  # noqa: N802
        return len(self.executions)

    def executionsList(self, first, length):  # noqa: N802
        return Collection(self.executions[first : first + length])

    def execution(self, number):
        return Collection(e for e in self.executions if e is not None and e.number == number)

    def executionMetrics(self, number):  # noqa: N802
        values = self.execution(number).get().values
        return Collection(f"{accumulator} -> {value}" for accumulator, value in values.items())


class Java:
    """``jvm.java.util.Arrays`` on Python lists."""

    def __init__(self):
        self.java = self.util = self.Arrays = self

    def hashCode(self, array):  # noqa: N802
        return int(hashlib.blake2b(repr(array).encode(), digest_size=4).hexdigest(), 16)

    def stream(self, array):
        return Stream(array)


class Stream(list):
    def max(self):
        return Stream([max(self)])

    def getAsLong(self):  # noqa: N802
        return self[0]
