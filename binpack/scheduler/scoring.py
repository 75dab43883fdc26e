"""PreScore, Score, NormalizeScore and the weighted sum.

Source: schedule_one.go (prioritizeNodes) and framework/runtime/framework.go (RunScorePlugins), v1.35.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.errors import SchedulingError
from binpack.framework.answers import checked_scores
from binpack.framework.interface import Reads, Skip
from binpack.framework.profile import Profile
from binpack.model.pod import Pod
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows
from binpack.units import MAX_NODE_SCORE, MIN_NODE_SCORE


@dataclass(frozen=True, slots=True)
class Scoring:
    """Scores of the feasible nodes.

    Parameters
    ----------
    rows : NDArray[np.intp]
        The feasible rows in the order in which they were found, shape [n].
    scores : dict[str, NDArray[np.int64]]
        By plugin: normalised to 0..100, times its weight; shape [n]. Plugins that skipped are not in it.
    totals : NDArray[np.int64]
        Shape [n].
    """

    rows: NDArray[np.intp]
    scores: dict[str, NDArray[np.int64]]
    totals: NDArray[np.int64]


def score(pod: Pod, cluster: Cluster, profile: Profile, rows: NDArray[np.intp], generator: np.random.Generator | None = None) -> Scoring:
    """Score feasible rows.

    Parameters
    ----------
    pod, cluster, profile
    rows : NDArray[np.intp]
        The feasible rows, shape [n]; the order is kept.
    generator : numpy.random.Generator, optional
        For policies that draw.

    Raises
    ------
    SchedulingError
        If a plugin fails, or a normalised score is outside 0..100.
    PluginError
        If what a plugin returns is no score for each row.
    """
    if not profile.scores:
        return Scoring(rows, {}, np.ones(len(rows), np.int64))
    feasible = NodeRows(cluster, rows)
    scores: dict[str, NDArray[np.int64]] = {}
    totals = np.zeros(len(rows), np.int64)
    for plugin, weight in profile.scores:
        if Reads.DECISION in plugin.reads:
            if generator is None:
                raise SchedulingError(f"{plugin.name} draws at random and was given no generator (pass a seed)")
            prepared = plugin.prepare_random_score(pod, cluster, feasible, generator)
        else:
            prepared = plugin.prepare_score(pod, cluster, feasible)
        if isinstance(prepared, Skip):
            continue
        normalized = checked_scores(plugin.name, plugin.normalize(prepared, plugin.score(prepared, feasible), feasible), len(rows))
        _check_range(plugin.name, normalized)
        scores[plugin.name] = normalized * weight
        totals += scores[plugin.name]
    return Scoring(rows, scores, totals)


def _check_range(plugin: str, normalized: NDArray[np.int64]) -> None:
    outside = (normalized < MIN_NODE_SCORE) | (normalized > MAX_NODE_SCORE)
    if outside.any():
        value = int(normalized[outside][0])
        raise SchedulingError(
            f'plugin "{plugin}" returns an invalid score {value}, it should in the range of '
            f"[{MIN_NODE_SCORE}, {MAX_NODE_SCORE}] after normalizing"
        )
