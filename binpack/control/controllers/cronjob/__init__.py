"""CronJob: starts Jobs by the clock.

`schedule.py` reads schedules, `due.py` says which run is due, `controller.py` has the sync. Source: pkg/controller/cronjob, v1.35.
"""

from binpack.control.controllers.cronjob.controller import CronJobController

__all__ = ["CronJobController"]
