"""Which event wakes a pod that a plugin rejected, event by event.

An event is (what, aspect, before, after): what is "node", "assigned" (a pod on a node) or "own" (the waiting pod itself); aspect is
"add", "delete", or the property that changed.
"""

from itertools import product

from plain.filters import meets_required, required_node_terms
from plain.inter_pod import all_terms
from plain.objects import host_ports, labels_of, namespace_of, quantities, spec_of, status_of
from plain.requests import fit, placed, whole
from plain.selectors import UnparsableError, check_node_term, selects, tolerates, untolerated
from plain.spread import CycleError, PodTopologySpread
from plain.world import PlainNode

HARD = ("NoSchedule", "NoExecute")
CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def gates(world, pod, what, aspect, before, after):
    return (what, aspect) == ("own", "gates")


def node_unschedulable(world, pod, what, aspect, before, after):
    if (what, aspect) == ("own", "tolerations"):
        return any(tolerates(t, CORDON) for t in spec_of(after).get("tolerations") or ())
    if what == "node" and aspect in ("add", "taints"):
        return not spec_of(after).get("unschedulable") and (before is None or bool(spec_of(before).get("unschedulable")))
    return False


def node_name(world, pod, what, aspect, before, after):
    return what == "node" and aspect in ("add", "taints")


def taint_toleration(world, pod, what, aspect, before, after):
    if (what, aspect) == ("own", "tolerations"):
        return True
    if what != "node" or aspect not in ("add", "taints"):
        return False
    kept_off = [untolerated(spec_of(n).get("taints"), spec_of(pod).get("tolerations"), HARD) for n in (before, after) if n is not None]
    return not kept_off[-1] and (before is None or bool(kept_off[0]))


def node_affinity(world, pod, what, aspect, before, after):
    if what != "node" or aspect not in ("add", "labels", "taints"):
        return False
    if aspect == "taints":
        return True
    if not meets_required(pod, PlainNode(after)):
        return has_odd_term(pod) and all(labels_of(after).get(k) == v for k, v in (spec_of(pod).get("nodeSelector") or {}).items())
    return before is None or not meets_required(pod, PlainNode(before))


def has_odd_term(pod):
    """A term that cannot be parsed: the hint fails, and a hint that fails wakes."""
    try:
        for term in required_node_terms(pod) or ():
            check_node_term(term)
    except UnparsableError:
        return True
    return False


def node_ports(world, pod, what, aspect, before, after):
    if what == "node":
        return aspect in ("add", "taints")
    if (what, aspect) != ("assigned", "delete"):
        return False
    pairs = product(host_ports(pod), host_ports(before))
    return any(one[1:] == two[1:] and (one[0] == two[0] or "0.0.0.0" in (one[0], two[0])) for one, two in pairs)


def fit_hint(world, pod, what, aspect, before, after):
    if aspect == "requests":
        return what == "own" or any(
            amount and placed(after).get(name, 0) < placed(before).get(name, 0) for name, amount in placed(pod).items()
        )
    if what != "node":
        return (what, aspect) == ("assigned", "delete")
    if aspect == "taints":
        return True
    if aspect not in ("add", "allocatable"):
        return False
    has = allocatable(after)
    if has["pods"] < 1 or any(amount > has.get(name, 0) for name, amount in fit(pod).items() if amount):
        return False
    if before is None:
        return True
    had = allocatable(before)
    return has["pods"] > had["pods"] or any(has.get(name, 0) > had.get(name, 0) for name, amount in fit(pod).items() if amount)


def allocatable(node):
    amounts = quantities(status_of(node).get("allocatable"))
    return whole(amounts) | {"pods": whole({"memory": amounts.get("pods", 0)})["memory"]}


def spread(world, pod, what, aspect, before, after):
    plugin = PodTopologySpread(world, pod, {})
    try:
        constraints = plugin.constraints("DoNotSchedule")
    except CycleError:
        return aspect in ("add", "delete", "labels", "tolerations", "taints")
    if what == "node":
        has = [plugin.has_all_keys(PlainNode(n), constraints) for n in (before, after) if n is not None]
        if aspect in ("add", "delete"):
            return has[0]
        if aspect not in ("labels", "taints"):
            return False
        domains = [[labels_of(n).get(one["topologyKey"]) for one, _ in constraints] for n in (before, after)]
        changed = domains[0] != domains[1] or (spec_of(before).get("taints") or []) != (spec_of(after).get("taints") or [])
        return has[0] != has[1] or (has[1] and changed)
    if what == "assigned" and namespace_of(after or before) != namespace_of(pod):
        return False
    if aspect in ("add", "delete"):
        return any(selects(expressions, labels_of(after or before)) for _, expressions in constraints)
    if aspect == "tolerations" and what == "own":
        return any(one.get("nodeTaintsPolicy") == "Honor" for one, _ in constraints)
    return aspect == "labels" and any(selects(e, labels_of(before)) != selects(e, labels_of(after)) for _, e in constraints)


def inter_pod(world, pod, what, aspect, before, after):
    if (what, aspect) == ("node", "taints"):
        return True
    if what == "own" or aspect not in ("add", "delete", "labels") or (what, aspect) == ("node", "delete"):
        return False
    try:
        near, _, apart, _ = all_terms(pod)
    except UnparsableError:
        return True
    if what == "node":
        if before is None:
            return bool(apart) or any(term.key in labels_of(after) for term in near)
        had, has = labels_of(before), labels_of(after)
        return any(t.key in has and has[t.key] != had.get(t.key) for t in near) or any(
            t.key in had and had[t.key] != has.get(t.key) for t in apart
        )

    def all_match(terms, other):
        return other is not None and bool(terms) and all(term.matches(other, {}) for term in terms)

    if aspect == "add":
        return all_match(near, after)
    if aspect == "delete":
        return all_match(apart, before)
    return (all_match(near, after) and not all_match(near, before)) or (all_match(apart, before) and not all_match(apart, after))


HINTS = {
    "SchedulingGates": gates,
    "NodeUnschedulable": node_unschedulable,
    "NodeName": node_name,
    "TaintToleration": taint_toleration,
    "NodeAffinity": node_affinity,
    "NodePorts": node_ports,
    "NodeResourcesFit": fit_hint,
    "PodTopologySpread": spread,
    "InterPodAffinity": inter_pod,
}
