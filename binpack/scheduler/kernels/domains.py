"""What depends on the zone alone, worked out once a decision: verdicts, weights, level tables, offsets."""

from __future__ import annotations

from typing import Any

from binpack.plugins.kernels import inter_pod_affinity, pod_topology_spread
from binpack.scheduler.kernels.jit import leaf
from binpack.scheduler.kernels.layout import (
    AFFINITY_WEIGHT,
    ATTRACT,
    FAR,
    FEWEST,
    FIRST_OF_GROUP,
    HARD,
    LARGEST,
    LEVELS,
    NEAR,
    OPS,
    PREFER,
    REPEL,
    ROWS,
    SOFT_HOST,
    SOFT_ZONE,
    SPREAD_WEIGHT,
    STAMP,
    TOO_MANY_LEVELS,
    Z_CODES,
    Z_FEWEST,
    Z_LARGEST,
    Z_OFFSET,
    Z_ROWS,
    ZONES,
)

lowest_count = leaf(pod_topology_spread.lowest_count)
normalized_spread = leaf(pod_topology_spread.normalized_spread)
normalized_affinity = leaf(inter_pod_affinity.normalized_affinity)


@leaf
def gather_zones(zones: int, summaries: Any, masks: Any, block_zone: Any, by_zone: Any) -> None:
    """Put the blocks' summaries together by zone."""
    for zone in range(zones):
        by_zone[Z_ROWS, zone], by_zone[Z_CODES, zone], by_zone[Z_OFFSET, zone] = 0, 0, 0
        by_zone[Z_FEWEST, zone], by_zone[Z_LARGEST, zone] = FAR, 0
    for block in range(len(block_zone)):
        if summaries[block, ROWS] > 0:
            zone = block_zone[block]
            by_zone[Z_ROWS, zone] += summaries[block, ROWS]
            by_zone[Z_FEWEST, zone] = min(by_zone[Z_FEWEST, zone], summaries[block, FEWEST])
            by_zone[Z_LARGEST, zone] = max(by_zone[Z_LARGEST, zone], summaries[block, LARGEST])
            by_zone[Z_CODES, zone] |= masks[block]


@leaf
def is_empty_everywhere(ops: Any, count: int, sums: Any, columns: Any) -> bool:
    """Tell whether no pod at all attracts."""
    for number in range(count):
        if ops[number, 0] == ATTRACT:
            for domain in range(sums.shape[1]):
                if sums[ops[number, 2], domain] != 0:
                    return False
        elif ops[number, 0] == NEAR:
            pods = 0
            for row in range(columns.shape[1]):
                pods |= columns[ops[number, 1], row]
            if pods != 0:
                return False
    return True


@leaf
def judge_zones(control: Any, parameters: Any, ops: Any, columns: Any, sums: Any, present: Any, zone_codes: Any, by_zone: Any) -> int:
    """Take the rows of zones that are out off the zone's count; return how many feasible rows are left in all."""
    count, zones, room = parameters[OPS], control[ZONES], 0
    for number in range(count):
        kind, key, of = ops[number, 0], ops[number, 1], ops[number, 2]
        if kind == HARD:
            room = ops[number, 4] - ops[number, 5] + lowest_count(sums[of], present[ops[number, 3]], ops[number, 6])
        first = kind == ATTRACT and parameters[FIRST_OF_GROUP] == 1 and is_empty_everywhere(ops, count, sums, columns)
        if kind in (HARD, ATTRACT, REPEL):
            for zone in range(zones):
                code = zone_codes[key, zone]
                if kind == REPEL:
                    out = code >= 0 and sums[of, code] > 0
                elif kind == HARD:
                    out = code < 0 or sums[of, code] > room
                else:
                    out = code < 0 or (not first and sums[of, code] <= 0)
                if out:
                    by_zone[Z_ROWS, zone] = 0
    rows = 0
    for zone in range(zones):
        rows += by_zone[Z_ROWS, zone]
    return rows


@leaf
def prefer_zones(control: Any, parameters: Any, ops: Any, sums: Any, zone_codes: Any, by_zone: Any) -> None:
    """Give each feasible zone its normalised and weighted affinity score."""
    lowest, highest, first = 0, 0, True
    for zone in range(control[ZONES]):
        if by_zone[Z_ROWS, zone] > 0:
            raw = 0
            for number in range(parameters[OPS]):
                if ops[number, 0] == PREFER and zone_codes[ops[number, 1], zone] >= 0:
                    raw += sums[ops[number, 2], zone_codes[ops[number, 1], zone]] * ops[number, 3]
            by_zone[Z_OFFSET, zone] = raw
            lowest = raw if first else min(lowest, raw)
            highest = raw if first else max(highest, raw)
            first = False
    for zone in range(control[ZONES]):
        if by_zone[Z_ROWS, zone] > 0:
            by_zone[Z_OFFSET, zone] = control[AFFINITY_WEIGHT] * normalized_affinity(by_zone[Z_OFFSET, zone], lowest, highest)


@leaf
def weigh_zones(
    control: Any, parameters: Any, ops: Any, sums: Any, zone_codes: Any, by_zone: Any, rows: int, logs: Any, seen: Any, parts: Any
) -> None:
    """Write what each soft constraint adds in each zone; of the hostname one, the weight of a pod and what is added."""
    soft = 0
    for number in range(parameters[OPS]):
        if ops[number, 0] == SOFT_HOST:
            parts[soft, 0], parts[soft, 1] = logs[rows], float(ops[number, 4])
            soft += 1
        elif ops[number, 0] == SOFT_ZONE:
            control[STAMP] += 1
            domains = 0
            for zone in range(control[ZONES]):
                code = zone_codes[ops[number, 1], zone]
                # The last entry is for zones without the label: one domain more.
                if by_zone[Z_ROWS, zone] > 0 and seen[code] != control[STAMP]:
                    seen[code] = control[STAMP]
                    domains += 1
            for zone in range(control[ZONES]):
                if by_zone[Z_ROWS, zone] > 0:
                    code = zone_codes[ops[number, 1], zone]
                    part = float(sums[ops[number, 2], code]) * logs[domains] + float(ops[number, 4])
                    parts[soft, zone] = part if code >= 0 else 0.0
            soft += 1


@leaf
def raw_spread(zone: int, count: int, softs: int, hosts: Any, parts: Any) -> int:
    """Return the raw score of a row: a sum of floats in the order of the constraints, rounded."""
    total = 0.0
    for soft in range(softs):
        total += count * parts[soft, 0] + parts[soft, 1] if hosts[soft] else parts[soft, zone]
    return int(total + 0.5)


@leaf
def level_table(control: Any, softs: int, hosts: Any, by_zone: Any, parts: Any, levels: Any) -> int:
    """Write the weighted score of every hostname count that a feasible row of a zone can have; 0, or `TOO_MANY_LEVELS`.

    In a zone the raw score never falls as the count rises, so that its extremes are those of the counts.
    """
    lowest, highest, first = 0, 0, True
    for zone in range(control[ZONES]):
        if by_zone[Z_ROWS, zone] > 0:
            if by_zone[Z_LARGEST, zone] - by_zone[Z_FEWEST, zone] >= LEVELS:
                return TOO_MANY_LEVELS
            low = raw_spread(zone, by_zone[Z_FEWEST, zone], softs, hosts, parts)
            high = raw_spread(zone, by_zone[Z_LARGEST, zone], softs, hosts, parts)
            lowest = low if first else min(lowest, low)
            highest = high if first else max(highest, high)
            first = False
    for zone in range(control[ZONES]):
        if by_zone[Z_ROWS, zone] > 0:
            fewest = by_zone[Z_FEWEST, zone]
            for count in range(fewest, by_zone[Z_LARGEST, zone] + 1):
                raw = raw_spread(zone, count, softs, hosts, parts)
                levels[zone, count - fewest] = control[SPREAD_WEIGHT] * normalized_spread(raw, lowest, highest) + by_zone[Z_OFFSET, zone]
    return 0
