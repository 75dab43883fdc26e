"""The example of a bad hour: each step has the effect that its comment promises."""

from __future__ import annotations

from pathlib import Path

from binpack.sim.scenario import load_scenario, run_scenario
from binpack.units import US_PER_MINUTE, US_PER_S

EXAMPLE = Path(__file__).parents[2] / "examples" / "slow-control-plane.yaml"


def test_the_bad_hour():
    done = run_scenario(load_scenario(EXAMPLE))
    rows = [row for row in done.pod_rows if row.created_us > 0]
    waits = {
        minute: [
            (row.created_us - minute * US_PER_MINUTE) // US_PER_S
            for row in rows
            if minute * US_PER_MINUTE <= row.created_us < (minute + 10) * US_PER_MINUTE
        ]
        for minute in (30, 45)
    }
    # 600 MiB at 2 MiB a second, and two seconds for the start: for the first pod of a node. The others find the image there.
    seconds = {(row.started_us - row.created_us) // US_PER_S for row in rows if row.created_us < 20 * US_PER_MINUTE}
    assert seconds == {302, 2}
    # Two controllers hear of it one after the other.
    assert waits[30] == [4] * 8
    assert waits[45] == [300] * 4
    assert done.cluster.columns["pods_running_count"][-1] == 24
    assert done.breakdowns == ()
