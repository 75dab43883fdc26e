"""Sums over topology domains. The domain of a row is the code of its label: `cluster.label(topology_key)`, -1 where it is absent.

An array over domains has one entry more than there are label values: the last one stands for "no such label", which is what code
-1 picks. So one `take` brings domains back to rows, missing labels included.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from binpack.state.cluster import Cluster


def no_sums(cluster: Cluster, topology_key: str) -> NDArray[np.int64]:
    """Return zeros over the domains of a key, shape [label values + 1]."""
    return np.zeros(len(cluster.label_values(topology_key)) + 1, np.int64)


def domain_sums(cluster: Cluster, topology_key: str, column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum a column over each domain of a topology key.

    Parameters
    ----------
    cluster : Cluster
    topology_key : str
    column : NDArray[np.int64]
        One entry a row, 0 in holes, shape [capacity].

    Returns
    -------
    NDArray[np.int64]
        Shape [label values + 1]; the last entry, of the rows without the label, is 0.
    """
    sums = no_sums(cluster, topology_key)
    np.add.at(sums, cluster.label(topology_key), column)
    sums[-1] = 0
    return sums
