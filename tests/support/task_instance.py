"""A task instance and Airflow's store of a task's state, as far as a sensor sees them."""

from __future__ import annotations

import json


class TaskInstance:
    """Keeps what is pushed, and gives what ``told`` holds by (task, map index)."""

    def __init__(self, *, map_index=-1, id_="try-1", first_reschedule=None):
        self.dag_id, self.run_id, self.task_id, self.map_index = "d", "r", "sensor", map_index
        self.id, self.try_number, self.max_tries = id_, 1, 2
        self.first_reschedule, self.told, self.pushed = first_reschedule, {}, {}

    def xcom_push(self, key, value):
        self.pushed[key] = json.loads(json.dumps(value))

    def xcom_pull(self, *, task_ids, key, map_indexes):
        assert key == "spark_guard_application"
        return self.told.get((task_ids, map_indexes))

    def get_first_reschedule_date(self, context):
        assert context["ti"] is self
        return self.first_reschedule


class StateStore:
    """``context["task_state_store"]``: JSON by key, shared by all tries of a task."""

    def __init__(self):
        self.kept, self.writes = {}, 0

    def get(self, key, default=None):
        return json.loads(self.kept[key]) if key in self.kept else default

    def set(self, key, value):
        self.writes += 1
        self.kept[key] = json.dumps(value)
