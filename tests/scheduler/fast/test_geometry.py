"""How a topology key lies over the rows: followed row by row it is what it would be made anew."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from binpack.scheduler.fast.geometry import HOLE, NO_LABEL, KeyLayout
from binpack.state.rows import BLOCK

ZONES = 2
PLACES = st.sampled_from([0, 1, 2, BLOCK, BLOCK + 1, BLOCK + 2])
CODES = st.sampled_from([HOLE, NO_LABEL, 0, 1, 2])


@given(st.dictionaries(PLACES, CODES), st.lists(st.dictionaries(PLACES, CODES, min_size=1), max_size=12))
def test_a_layout_that_follows_its_rows_is_the_one_made_anew(first: dict[int, int], changes: list[dict[int, int]]) -> None:
    block_zone = np.arange(ZONES, dtype=np.int32)
    codes = np.full(ZONES * BLOCK, HOLE, np.int32)
    codes[list(first)] = list(first.values())
    layout = KeyLayout(codes, block_zone, ZONES)
    for change in changes:
        codes[list(change)] = list(change.values())
        rows = np.array(sorted(change), np.intp)
        anew = KeyLayout(codes, block_zone, ZONES)
        if not layout.patch(rows, codes[rows]):
            layout = anew
        assert layout.shape == anew.shape
        filled = (codes.reshape(ZONES, BLOCK) != HOLE).any(axis=1)
        if anew.shape.uniform:
            assert layout.zone_codes[filled].tolist() == anew.zone_codes[filled].tolist()


def test_hosts_that_come_and_go_are_followed() -> None:
    """No zone has one host name, and a zone's code is that of any of its nodes: only if just that one leaves all rows are looked at."""
    codes = np.arange(ZONES * BLOCK, dtype=np.int32)
    layout = KeyLayout(codes, np.arange(ZONES, dtype=np.int32), ZONES)
    leader = layout.zone_codes[0]
    others = [row for row in range(BLOCK) if row != leader]
    assert all(layout.patch(np.array([row]), np.array([HOLE], np.int32)) for row in others[:20])
    assert layout.shape.unique
    assert not layout.patch(np.array([leader]), np.array([HOLE], np.int32))
