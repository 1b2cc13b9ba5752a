"""Airflow's XCom, as far as a trigger sees it: a dictionary whose values have been through JSON."""

from __future__ import annotations

import json


class Xcoms:
    """Put in place of the methods of Airflow's XCom class; ``writes`` counts what would go to its database.

    ``refuse``: raised by each write.
    """

    def __init__(self, monkeypatch):
        from airflow.sdk.execution_time.xcom import XCom

        self.kept, self.writes, self.refuse = {}, 0, None
        monkeypatch.setattr(XCom, "get_one", self.get_one)
        monkeypatch.setattr(XCom, "set", self.set)

    def get_one(self, *, key, dag_id, run_id, task_id, map_index):
        return json.loads(self.kept.get((dag_id, run_id, task_id, map_index, key), "null"))

    def set(self, *, key, value, dag_id, run_id, task_id, map_index):
        if self.refuse is not None:
            raise self.refuse
        self.writes += 1
        self.kept[dag_id, run_id, task_id, map_index, key] = json.dumps(value)
