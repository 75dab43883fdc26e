"""The FitError text, as `kubectl describe pod` shows it.

Source: framework/types.go (FitError.Error), v1.35.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from binpack.scheduler.filtering import UNLISTED, Filtering, unlisted_reason

NO_NODES = "no nodes available to schedule pods"


def fit_error(filtering: Filtering, rejected: NDArray[np.intp], nodes: int, post_filter: str | None = None) -> str:
    """Write why no node fits.

    Parameters
    ----------
    filtering : Filtering
    rejected : NDArray[np.intp]
        Rows with a recorded rejection.
    nodes : int
        All nodes of the cluster.
    post_filter : str, optional
        What the PostFilter plugins had to say; None if none ran or one nominated a node.
    """
    preparation = filtering.preparation
    if preparation.rejection is not None:
        body = ", ".join(preparation.rejection[1].reasons)
    else:
        body = ", ".join(sorted(f"{count} {reason}" for reason, count in _histogram(filtering, rejected, nodes).items()))
    text = f"0/{nodes} nodes are available:"
    if body:
        text += f" {body}."
    return text if not post_filter else f"{text} {post_filter}"


def _histogram(filtering: Filtering, rejected: NDArray[np.intp], nodes: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    listed = rejected[filtering.verdicts[rejected] != UNLISTED]
    for _, status, rows in filtering.groups(listed):
        for reason in status.reasons:
            counts[reason] += len(rows)
    if filtering.preparation.shortlist is not None and nodes > len(listed):
        counts[unlisted_reason(filtering.preparation.shortlisted_by)] += nodes - len(listed)
    return counts
