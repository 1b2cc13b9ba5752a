"""Records go into JSON as they are."""

from __future__ import annotations

from airflow_spark_guard.job.instruments.closures.captures import Captured, ClosureSize


def test_a_record_is_a_dict_of_plain_values():
    """With one object for each captured one."""
    one = Captured("self.model", "attribute of self", "Model", 10, 0.5)
    assert ClosureSize("score", 20, (one,)).to_dict() == {
        "name": "score",
        "size_bytes": 20,
        "captured": [
            {
                "path": "self.model",
                "how": "attribute of self",
                "type_name": "Model",
                "size_bytes": 10,
                "share": 0.5,
                "through": "",
                "used": None,
            }
        ],
        "complete": True,
        "advice": "",
    }
