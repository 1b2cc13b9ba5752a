"""The names that a function uses, over the methods that it calls."""

from __future__ import annotations

from airflow_spark_guard.job.instruments.closures.names import names_in, names_used
from tests.support.closures import script

SCORER = """
class Base:
    def deep(self): return self.table
class Scorer(Base):
    @property
    def rate(self): return self._rate
    @staticmethod
    def load(): return LOADED
    def score(self, row): return [self.rate * one for one in row] + self.again()
    def again(self): return self.score([]) and self.deep() and self.load()
    def unused(self): return self.model
"""


def test_names_are_those_of_the_code_and_of_the_functions_inside():
    """Globals and attributes."""
    assert names_in(script("def f(x):\n    return lambda: x.a + B")["f"].__code__) == {"a", "B"}


def test_methods_that_are_called_count_over_base_classes_and_cycles():
    """Properties and static methods too."""
    scorer = script(SCORER)["Scorer"]
    used = names_used(scorer.score, scorer)
    assert used >= {"rate", "_rate", "again", "deep", "table", "load", "LOADED"}
    assert "model" not in used
    assert names_used(scorer.score, None) == {"rate", "again"}
