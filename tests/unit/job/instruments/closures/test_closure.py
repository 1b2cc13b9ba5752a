"""The size of a function is PySpark's own to the byte, and what makes it large is named, in each shape of function."""

from __future__ import annotations

import io
import socket
import sys
import threading
import types

import pytest

from airflow_spark_guard.job.instruments.closures.closure import closure_size
from airflow_spark_guard.job.instruments.errors import OptionError, UnpicklableError
from airflow_spark_guard.job.text import shown_bytes
from tests.support.closures import pickled_size, script

SIZE = 200_000
SCORER = """
    class Scorer:
        def __init__(self):
            self.model = bytes(200_000)
            self.rate = 2.0

        def run(self):
            def score(rows):
                for row in rows:
                    yield row * self.rate
            return score

        def predict(self, row):
            return self.model[row]

        def run_methods(self):
            return lambda row: self.predict(row)

        def __call__(self, row):
            return self.model[row]
"""
# Name: source, expression, and the largest object: path, how, through.
SHAPES = {
    "a global": (
        "MODEL = bytes(200_000)\ndef score(row): return MODEL[row]", "score", ("MODEL", "global", "")
    ),
    "a nonlocal": (
        "def make():\n    lookup = bytes(200_000)\n    def score(row): return lookup[row]\n    return score",
        "make()", ("lookup", "nonlocal", ""),
    ),
    "a default": (
        "def score(row, weights=bytes(200_000)): return weights[row]",
        "score", ("default argument weights", "default argument", ""),
    ),
    "a keyword's default": (
        "def score(row, *, weights=bytes(200_000)): return weights[row]",
        "score", ("default argument weights", "default argument", ""),
    ),
    "a lambda": ("MODEL = bytes(200_000)\nscore = lambda row: MODEL[row]", "score", ("MODEL", "global", "")),
    "a partial": (
        ("import functools\ndef score(model, row, scale): return model[row] * scale\n"
        "bound = functools.partial(score, bytes(200_000), scale=2)"),
        "bound", ("functools.partial argument 0", "partial argument", ""),
    ),
    "a partial's keyword": (
        ("import functools\ndef score(row, model): return model[row]\n"
        "bound = functools.partial(score, model=bytes(200_000))"),
        "bound", ("functools.partial argument model", "partial argument", ""),
    ),
    "a bound method": (SCORER, "Scorer().predict", ("self.model", "attribute of self", "")),
    "self in an inner function": (SCORER, "Scorer().run()", ("self.model", "attribute of self", "")),
    "an object that can be called": (SCORER, "Scorer()", ("self.model", "attribute of self", "")),
    "a decorated function": (
        ("import functools\nMODEL = bytes(200_000)\ndef logged(func):\n    @functools.wraps(func)\n"
        "    def wrapper(*args): return func(*args)\n    return wrapper\n"
        "@logged\ndef score(row): return MODEL[row]"),
        "score", ("MODEL", "global", "func"),
    ),
    "two functions that call each other": (
        ("TABLE = bytes(200_000)\ndef even(n): return n == 0 or odd(n - 1)\n"
        "def odd(n): return n != 0 and even(n - 1) and TABLE"),
        "even", ("TABLE", "global", "odd"),
    ),
    "a function that calls itself": (
        "TABLE = bytes(200_000)\ndef down(n): return TABLE[n] if n == 0 else down(n - 1)",
        "down", ("TABLE", "global", ""),
    ),
    "a class attribute": (
        "class Scorer:\n    weights = bytes(200_000)\n    def predict(self, row): return self.weights[row]",
        "Scorer().predict", ("Scorer.weights", "class attribute", "Scorer"),
    ),
    "a class method": (
        ("class Scorer:\n    weights = bytes(200_000)\n    @classmethod\n"
        "    def predict(cls, row): return cls.weights[row]"),
        "Scorer.predict", ("Scorer.weights", "class attribute", "Scorer"),
    ),
    "a static method of a class that is used": (
        ("TABLE = bytes(200_000)\nclass Scorer:\n    @staticmethod\n    def predict(row): return TABLE[row]\n"
        "def score(row): return Scorer.predict(row)"),
        "score", ("TABLE", "global", "Scorer.predict"),
    ),
    "a generator": (
        "MODEL = bytes(200_000)\ndef score(rows):\n    for row in rows: yield MODEL[row]",
        "score", ("MODEL", "global", ""),
    ),
    "a member of a dict": (
        'config = {"vocab": bytes(200_000), "lower": True, 3: "x"}\ndef score(row): return config["vocab"][row]',
        "score", ('config["vocab"]', "global", ""),
    ),
    "a member of an attribute": (
        ("class Scorer:\n    def __init__(self): self.tables = [bytes(10), bytes(200_000)]\n"
        "    def predict(self, row): return self.tables[1][row]"),
        "Scorer().predict", ("self.tables[1]", "attribute of self", ""),
    ),
    "an attribute of a global": (
        SCORER + "\n    scorer = Scorer()\n    def score(row): return scorer.model[row]",
        "score", ("scorer.model", "global", ""),
    ),
    "an attribute of a class with slots": (
        ("class Scorer:\n    __slots__ = ('model',)\n    def __init__(self): self.model = bytes(200_000)\n"
        "    def predict(self, row): return self.model[row]"),
        "Scorer().predict", ("self.model", "attribute of self", ""),
    ),
    "an attribute of a function": (
        "def score(row): return score.model[row]\nscore.model = bytes(200_000)",
        "score", ("score.model", "function attribute", ""),
    ),
    "a literal of its own code": (
        f"def score(row): return {'x' * SIZE!r}", "score", None,
    ),
}  # fmt: skip


def of(source, expression):
    names = script(source)
    return eval(expression, names)  # noqa: S307 - the test's own text


@pytest.mark.parametrize(("source", "expression", "largest"), SHAPES.values(), ids=SHAPES)
def test_the_size_is_pysparks_and_the_largest_object_is_named(source, expression, largest):
    """For each shape of function."""
    func = of(source, expression)
    size = closure_size(func)
    assert size.size_bytes == pickled_size(func)
    if largest is None:
        assert sum(one.size_bytes for one in size.captured) < 1000
    else:
        first = size.captured[0]
        assert (first.path, first.how, first.through) == largest
        assert abs(first.size_bytes - SIZE) < 100
        assert first.share > 0.95
    assert sum(one.size_bytes for one in size.captured) <= size.size_bytes


def on_udf(make):
    """A UDF that captures a table."""
    from pyspark.sql.types import LongType

    names = script("TABLE = bytes(200_000)\ndef score(row): return TABLE[row]")
    return make(names["score"], LongType())


def pandas_kind(func, kind):
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    func.__annotations__.update({"row": pd.Series, "return": pd.Series})
    return pandas_udf(func, kind)


def arrow_kind(func, kind):
    from pyspark.sql.functions import udf

    return udf(func, kind, useArrow=True)


def plain_kind(func, kind):
    from pyspark.sql.functions import udf

    return udf(func, kind)


def class_kind(func, kind):
    from pyspark.sql.udf import UserDefinedFunction

    return UserDefinedFunction(func, kind)


@pytest.mark.parametrize("make", [plain_kind, pandas_kind, arrow_kind, class_kind])
def test_a_udf_is_measured_as_its_function_and_its_type(make):
    """No running Spark is needed."""
    udf = on_udf(make)
    size = closure_size(udf)
    assert size.name == "score"
    assert size.captured[0].path == "TABLE"
    assert size.size_bytes == pickled_size(udf)


def test_a_module_by_reference_costs_nothing_and_one_by_value_is_opened():
    """``register_pickle_by_value`` sends all of a module."""
    from pyspark import cloudpickle

    module = types.ModuleType("local_tables")
    module.TABLE = bytes(SIZE)
    sys.modules["local_tables"] = module
    try:
        score = script("import local_tables\ndef score(row): return local_tables.TABLE[row]")["score"]
        assert closure_size(score).captured == ()
        cloudpickle.register_pickle_by_value(module)
        try:
            size = closure_size(score)
        finally:
            cloudpickle.unregister_pickle_by_value(module)
        assert (size.captured[0].path, size.captured[0].how) == ("local_tables.TABLE", "member of a module")
    finally:
        del sys.modules["local_tables"]


def test_what_comes_along_with_self_only_is_not_used():
    """A method that the function calls on ``self`` counts as the function does."""
    names = script(SCORER)
    by_path = {one.path: one.used for one in closure_size(names["Scorer"]().run()).captured}
    assert by_path["self.model"] is False
    (model,) = (
        one for one in closure_size(names["Scorer"]().run_methods()).captured if one.path == "self.model"
    )
    assert model.used is True


def test_the_advice_names_what_the_function_uses_instead():
    """The sentence that fixes it, above the threshold only."""
    score = of(SCORER, "Scorer().run()")
    assert closure_size(score).advice == ""
    assert closure_size(score, "save", threshold=1000).advice == (
        f"`save` takes {shown_bytes(pickled_size(score))} (limit: 1000 bytes) and captures `self.model` (195.3 KiB): it only comes along "
        "with `self`, of which the function uses `self.rate`; bind that to a local name (`rate = self.rate`) "
        "before the function, and use the name in it."
    )
    predict = of(SCORER, "Scorer().run_methods()")
    assert "captures `self.model` (195.3 KiB): pass it as a broadcast, or bind what you need" in (
        closure_size(predict, threshold=1000).advice
    )


def test_an_object_that_is_captured_twice_counts_once():
    """At the shorter of its two ways."""
    size = closure_size(
        of(
            "class Trainer:\n    def __init__(self, model): self.model = model\n"
            "class Scorer:\n    def __init__(self):\n        self.trainer = Trainer(bytes(200_000))\n"
            "        self.model = self.trainer.model\n"
            "    def predict(self, row, also=None): return self.model[row]",
            "Scorer().predict",
        )
    )
    assert size.captured[0].path == "self.model"
    assert size.size_bytes < SIZE + 5000
    assert [one.path for one in size.captured if one.size_bytes > 5000] == ["self.model"]


def test_an_object_that_refers_back_does_not_get_what_it_refers_to():
    """``self.step.owner`` is ``self``, whose model is not the step's."""
    size = closure_size(
        of(
            "class Step:\n    def __init__(self, owner): self.owner = owner\n"
            "class Scorer:\n    def __init__(self):\n        self.steps = [Step(self) for _ in range(100)]\n"
            "        self.model = bytes(200_000)\n"
            "    def predict(self, row): return self.model[row]",
            "Scorer().predict",
        )
    )
    by_path = {one.path: one.size_bytes for one in size.captured}
    assert by_path["self.model"] > 0.99 * SIZE
    assert by_path["self.steps"] < 5000


SPY = """
    CALLS = []

    class Spy:
        def __init__(self):
            self.data = bytes(200_000)
        def __repr__(self): CALLS.append("repr"); raise RuntimeError
        def __eq__(self, other): CALLS.append("eq"); raise RuntimeError
        def __hash__(self): CALLS.append("hash"); raise RuntimeError
        def __sizeof__(self): CALLS.append("sizeof"); raise RuntimeError
        def __len__(self): CALLS.append("len"); raise RuntimeError
        def __bool__(self): CALLS.append("bool"); raise RuntimeError
        def __iter__(self): CALLS.append("iter"); raise RuntimeError
        def __getattr__(self, name): raise AttributeError(name)
        def __getstate__(self): COUNT.append("getstate"); return self.__dict__

    COUNT = []
    spy = Spy()
    def score(row, spy=spy): return spy
    held = {"spy": spy}
    def deep(row): return held
"""


@pytest.mark.parametrize("name", ["score", "deep"])
def test_no_code_of_a_captured_object_runs_but_what_pickles_it(name):
    """And that once; the class's methods, which are sent, name nothing that records."""
    names = script(SPY)
    calls, count = names["CALLS"], names["COUNT"]
    size = closure_size(names[name])
    assert size.captured[0].path.endswith(".data")
    assert (calls, count) == ([], ["getstate"])


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (threading.Lock, "_thread.lock"),
        (socket.socket, "socket.socket"),
        (lambda: io.BufferedReader(io.BytesIO()), "_io.BufferedReader"),
        (lambda: (one for one in ()), "generator"),
    ],
    ids=["lock", "socket", "file", "generator"],
)
def test_an_object_that_cannot_be_pickled_is_named_with_its_path(make, kind):
    """Also inside an object of a library, and in a member of a member."""
    names = script(SCORER + "\n    class Client:\n        pass")
    scorer, client = names["Scorer"](), names["Client"]()
    client._lock = made = make()
    scorer.client = client
    with pytest.raises(UnpicklableError) as caught:
        closure_size(scorer.run(), "save")
    assert (caught.value.path, caught.value.type_name) == ("self.client._lock", kind)
    assert str(caught.value).startswith(
        f"Spark cannot send the function `save`\n  got: `self.client._lock`, of type {kind} (TypeError: cannot pickle"
    )
    scorer.client = types.SimpleNamespace(pool=[{"a": [made]}])
    with pytest.raises(UnpicklableError) as caught:
        closure_size(scorer.run())
    assert caught.value.path == 'self.client.pool[0]["a"][0]'
    if kind == "socket.socket":
        made.close()


def test_an_object_of_the_driver_is_named():
    """A session, or what holds a gateway of Py4J; its code never runs."""
    from pyspark.sql import DataFrame, SparkSession

    names = script(SCORER)
    scorer = names["Scorer"]()
    for kind, shown in ((SparkSession, "SparkSession"), (DataFrame, "DataFrame")):
        scorer.spark = object.__new__(kind)
        with pytest.raises(UnpicklableError, match=f"a {shown} exists in the driver alone") as caught:
            closure_size(scorer.run())
        assert caught.value.path == "self.spark"
    scorer.spark = [[[[[scorer.spark]]]]]
    with pytest.raises(UnpicklableError) as caught:
        closure_size(scorer.run())
    assert caught.value.path == "self.spark[0][0][0][0][0]"


@pytest.mark.parametrize("method", ["__reduce__", "__getstate__"])
def test_an_object_whose_own_pickling_raises_is_named(method):
    """The reason is what it raised; an error that cannot be shown has its type."""
    names = script(
        "class Bad(Exception):\n    def __str__(self): raise ValueError\n"
        f"class Broken:\n    def {method}(self): raise KeyError('x')\n"
        f"class Worse:\n    def {method}(self): raise Bad\n"
        "broken, worse = Broken(), [[[[[Worse()]]]]]\n"
        "def first(row): return broken\ndef second(row): return worse"
    )
    with pytest.raises(UnpicklableError, match=r"`broken`, of type Broken \(KeyError: 'x'\)"):
        closure_size(names["first"])
    with pytest.raises(UnpicklableError, match=r"`worse\[0\]\[0\]\[0\]\[0\]\[0\]`, of type Worse \(Bad\)"):
        closure_size(names["second"])


@pytest.mark.parametrize("answer", ["5", "(1,)", "(list, None)", "(list, 5)", "[]", "()"])
def test_an_answer_that_is_not_valid_is_an_error_with_its_path(answer):
    """As the pickler finds."""
    names = script(
        f"class Wrong:\n    def __reduce__(self): return {answer}\nheld = [Wrong()]\ndef f(): return held"
    )
    with pytest.raises(UnpicklableError, match=r"`held\[0\]`, of type Wrong \("):
        closure_size(names["f"])


def test_what_is_nested_too_deeply_is_an_error_with_its_path():
    """Spark's own error says only that the recursion is too deep."""
    names = script("chain = []\nfor _ in range(100_000): chain = [chain]\ndef score(row): return chain")
    with pytest.raises(UnpicklableError, match=r"`chain(\[0\])*`, of type list \(it is nested too deeply"):
        closure_size(names["score"])


def test_what_cannot_be_called_is_refused():
    """With its type, and what to use for a value."""
    with pytest.raises(OptionError, match=r"got: an object of type dict") as caught:
        closure_size({})
    assert caught.value.advice == "pass the function itself; for a value use broadcast_size"


def test_functions_that_refer_to_themselves_through_their_variables_are_measured_to_the_byte():
    """Also in a class that refers to the function that made it."""
    make = script(
        "def make():\n"
        "    def helper(x, *, d=[1]): return helper, own, d\n"
        "    class Own:\n        table = {}\n        def call(self): return helper\n"
        "        @property\n        def it(self): return own\n"
        "    own = Own()\n    own.self = own\n    Own.table['call'] = own.call\n"
        "    return helper, own.call, Own"
    )["make"]
    for func in make():
        found = closure_size(func)
        assert found.size_bytes == pickled_size(func)
        assert all(one.size_bytes >= 0 for one in found.captured)


def test_a_measurement_that_runs_out_of_time_says_so():
    """What was measured until then is what it is at least."""
    names = script("rows = [[str(i)] for i in range(200_000)]\ndef score(row): return rows")
    size = closure_size(names["score"], seconds=0.0)
    assert not size.complete
    assert 0 < size.size_bytes < pickled_size(names["score"])


def test_nothing_of_a_large_array_is_copied():
    """Memory: the count is kept, the pickle is not."""
    import tracemalloc

    import numpy as np

    names = script("def score(row): return table[row]")
    names["table"] = np.zeros(4_000_000)
    closure_size(names["score"])
    tracemalloc.start()
    try:
        size = closure_size(names["score"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size.size_bytes > 32_000_000
    assert peak < 2_000_000


def test_many_small_objects_are_within_one_percent():
    """Where parts are measured apart and too large for a second pickle."""
    names = script(
        "rows = [{'key': str(i), 'values': (i, i)} for i in range(60_000)]\n"
        "words = [str(i) for i in range(1000)]\n"
        + "\n".join(f"def f{i}(row): return words, f{i + 1}" for i in range(50))
        + "\ndef f50(row): return rows"
    )
    size, real = closure_size(names["f0"]), pickled_size(names["f0"])
    assert real > 1 << 20
    assert abs(size.size_bytes / real - 1) < 0.01
    assert size.captured[0].path == "rows"


def test_a_result_goes_into_json():
    """With a list of objects."""
    import json

    size = closure_size(of(SCORER, "Scorer().run()"))
    text = json.loads(json.dumps(size.to_dict()))
    assert text["captured"][0]["path"] == "self.model"
    assert text["size_bytes"] == size.size_bytes
