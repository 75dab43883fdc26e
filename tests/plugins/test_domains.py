from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from binpack.plugins.domains import domain_sums
from binpack.testing import ZONE, node
from binpack.testing.trial import cluster_of


@given(st.lists(st.tuples(st.sampled_from((None, "a", "b", "c")), st.integers(0, 5)), max_size=8))
def test_sums_by_label_value(rows):
    nodes = [node(f"n{i}") if zone is None else node(f"n{i}").zone(zone) for i, (zone, _) in enumerate(rows)]
    cluster = cluster_of(nodes)
    column = np.zeros(cluster.capacity, np.int64)
    for i, (_, value) in enumerate(rows):
        column[cluster.row_of(f"n{i}")] = value
    sums = domain_sums(cluster, ZONE, column)
    expected = {zone: sum(value for other, value in rows if other == zone) for zone, _ in rows if zone is not None}
    assert dict(zip(cluster.label_values(ZONE), sums[:-1].tolist(), strict=True)) == expected
    assert sums[-1] == 0, "rows without the label, and holes, belong to no domain"
