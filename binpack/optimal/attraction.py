"""Required pod affinity: in which domains a pod could ever have the company that it asks for.

A pod goes where, for each of its terms, some pod stands in the same domain that all its terms speak of; the first of a group that speaks
of itself goes anywhere that has the label. What of this holds for every placement becomes eligibility, so that bounds stay bounds: domains
where neither a pod that stays nor one that may come is such company are closed. If only pods that stay are, that is the whole rule. Else
the rest is named as left out, and `confine` chooses one domain for each group, so that a placement is found that keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from binpack.optimal.group_couplings import domains_of, is_per_node
from binpack.optimal.pod_groups import PodGroup
from binpack.plugins.affinity_terms import AffinityTerm, matching_pods
from binpack.state.cluster import Cluster

Integers = NDArray[np.int64]


def attract(cluster: Cluster, groups: Sequence[PodGroup], rows: NDArray[np.intp], *, confine: bool) -> dict[str, None]:
    """Close nodes to groups that could have no company there, and say what of the rule is left out.

    Parameters
    ----------
    cluster : Cluster
        With only the pods that stay.
    groups : sequence of PodGroup
        Their eligible rows are narrowed.
    rows : NDArray[np.intp]
        The nodes in order.
    confine : bool
        Whether groups whose company may move have to share a domain with it, chosen here: good for a placement, too strict for a bound.
    """
    relaxed: dict[str, None] = {}
    for group in groups:
        if not group.terms.affinity:
            continue
        terms = tuple(term.resolved(cluster) for term in group.terms.affinity)
        staying = matching_pods(cluster, terms)[rows]
        company = [other for other in groups if all(term.matches_unseen_namespace(other.example) for term in terms)]
        open_rows = group.eligible[rows].copy()
        for term in terms:
            domain, _ = domains_of(cluster, term.topology_key, rows)
            with_company = staying > 0
            for other in company:
                with_company = with_company | other.eligible[rows]
            open_rows &= _in_domains_of(domain, with_company)
            if company:
                relaxed[f"required pod affinity over {term.topology_key}"] = None
                if confine and not is_per_node(domain):
                    chosen = _chosen(cluster, term, domain, staying, company, open_rows)
                    open_rows &= chosen
                    if not (staying > 0).any() and all(other is not group for other in company):
                        # Somebody has to be there: the smallest group that is company.
                        _narrow(min(company, key=lambda other: len(other.members)), rows, chosen)
        _narrow(group, rows, open_rows)
    return relaxed


def _narrow(group: PodGroup, rows: NDArray[np.intp], kept: NDArray[np.bool_]) -> None:
    group.eligible = group.eligible.copy()
    group.eligible[rows] &= kept


def _chosen(
    cluster: Cluster, term: AffinityTerm, domain: Integers, staying: Integers, company: Sequence[PodGroup], open_rows: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Rows of the domains where company stays; if there is none, of the one with most of it today, then with most eligible nodes."""
    if (staying > 0).any():
        return _in_domains_of(domain, staying > 0)
    codes = cluster.label(term.topology_key)
    today = [cluster.row_of(item.node) for other in company for item in other.members if item.node is not None]
    places = [int(codes[row]) for row in today if row is not None]
    best = max(np.unique(domain[open_rows]).tolist(), key=lambda d: (places.count(d), int((open_rows & (domain == d)).sum())), default=-1)
    return np.asarray(domain == best)


def _in_domains_of(domain: Integers, here: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows that share a domain with one of these rows."""
    return np.asarray((domain >= 0) & np.isin(domain, domain[here & (domain >= 0)]))
