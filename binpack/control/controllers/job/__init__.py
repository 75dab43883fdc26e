"""Job: runs pods until enough of them have succeeded.

`controller.py` has the sync; the rules it follows stand apart by topic. Source: pkg/controller/job, v1.35. Not there: the environment
variable JOB_COMPLETION_INDEX, for containers' environments are not modelled.
"""

from binpack.control.controllers.job.controller import JobController

__all__ = ["JobController"]
