"""Whether an executor was lost, or given back: by the reason that Spark names, the same in 3.5 to 4.3."""

from __future__ import annotations

import re

# Whatever is not here is a loss: a reason that nobody has read before is rather said than hidden.
_GIVEN_BACK = re.compile(
    r"killed by driver"  # dynamic allocation, idle time-out
    r"|decommission"  # announced, begun, finished
    r"|explicit termination request"  # YARN: the driver asked for it
    r"|was preempted|\(e\.g\., preemption\)"  # YARN: the queue takes its share back
    r"|deleted by a user or the framework"  # Kubernetes: the pod was, as by a node that is drained
    r"|exited after application shutdown"
    r"|runner thread for executor \S+ interrupted"  # standalone: the master told the worker to end it
    r"|IllegalStateException: Shutdown in progress"  # the JVM of a local-cluster goes down
    r"|exited with (?:exit )?code 0\b",  # orderly: the JVM's own exit
    re.IGNORECASE,
)


def is_bad_removal(reason: str) -> bool:
    """Whether an executor that is gone for this reason (Spark's words, untrusted) was lost.

    An empty reason is a bad one: who gives an executor back says so.
    """
    return _GIVEN_BACK.search(reason) is None
