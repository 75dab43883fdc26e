"""A placement policy of one's own: "best fit on cpu", the plugin of the README.

From the repository root it is named as `examples.best_fit_on_cpu:BestFitOnCpu` in a KubeSchedulerConfiguration or in a suite.
"""

import numpy as np

from binpack.framework.interface import Reads
from binpack.framework.normalize import no_normalization
from binpack.framework.points import Point


class BestFitOnCpu:
    """Prefers the node that has the largest share of its CPU requested once the pod is there."""

    name = "BestFitOnCpu"
    points = frozenset({Point.SCORE})
    reads = Reads.ROW
    class_key = ("requests",)
    events = ()
    default_weight = 1
    normalize = no_normalization

    def prepare_score(self, pod, cluster, feasible):
        """Return what the pod asks for, milli-cores: looked up once, not once a node."""
        return cluster.classes.of(pod).requests.get("cpu", 0)

    def score(self, cpu_milli, rows):
        """Return 0..100 for each of the rows; cpu is the first resource of every cluster."""
        allocatable, requested = rows.allocatable[0], rows.requested[0]
        return np.minimum(100 * (requested + cpu_milli) // np.maximum(allocatable, 1), 100)
