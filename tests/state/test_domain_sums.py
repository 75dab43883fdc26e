"""Sums over domains hold every domain that is looked up in them."""

from __future__ import annotations

import numpy as np

from binpack.state.domain_sums import DomainSums


def test_a_domain_in_which_no_row_counts_has_its_place() -> None:
    """The node with the label's last value is left out by an inclusion policy; it is looked up all the same."""
    sums = DomainSums()
    sums.grow(2)
    columns = np.array([[3, 5]], np.int32)
    vector = sums.set_vector("zone", 1, np.array([0, -1], np.int32), columns, values=2)
    number = sums.number(0, vector, columns)
    assert sums.values[number].tolist() == [3, 0]
    assert sums.present[vector].tolist() == [True, False]
