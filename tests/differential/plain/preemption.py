"""DefaultPreemption by the book: every victim removed and put back by hand."""

from collections import Counter

from plain.objects import is_terminating, key_of, labels_of, name_of, namespace_of, priority_of, spec_of, status_of
from plain.selectors import UnparsableError, expressions_of, selects
from plain.world import U

NOT_HELPFUL = "Preemption is not helpful for scheduling"


def preempt(cycle, rejected):
    """All outcomes that are right: only what kube-scheduler leaves to chance makes more than one."""
    said = []
    for name in cycle.configuration.post_filters:
        if name == "DynamicResources":
            if cycle.rejection is not None:
                return [outcome(message="not found")]
            said.append("no new claims to deallocate")
            continue
        why_not = ineligible(cycle, rejected)
        outcomes = [outcome(message=f"not eligible due to {why_not}")] if why_not else outcomes_of(cycle, rejected)
        if outcomes[0]["nominatedNodeName"]:
            return outcomes
        said.append(f"preemption: {outcomes[0]['message']}")
    return [outcome(message=", ".join(said))]


def outcomes_of(cycle, rejected):
    nodes = len(cycle.world.nodes)
    candidates, statuses = [], []
    for info in cycle.world.nodes:
        if info.name in rejected and rejected[info.name][1] == U:
            found = victims_on(cycle, info)
            if isinstance(found, list):
                statuses += found
            else:
                candidates.append((info.name, *found))
    if candidates:
        best = best_of(candidates)
        return [outcome(node, sorted(key_of(v) for v in victims if not is_terminating(v))) for node, victims, _ in best]
    counts = Counter(statuses)
    tried = sum(verdict[1] == U for verdict in rejected.values())
    if nodes > tried:
        counts[NOT_HELPFUL] += nodes - tried
    body = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    return [outcome(message=f"0/{nodes} nodes are available: {body}.")]


def outcome(node="", victims=(), message=""):
    return {"nominatedNodeName": node, "victims": list(victims), "message": message}


def ineligible(cycle, rejected):
    pod = cycle.pod
    if spec_of(pod).get("preemptionPolicy") == "Never":
        return "preemptionPolicy=Never."
    info = cycle.world.node(status_of(pod).get("nominatedNodeName") or "")
    if info is None or (info.name in rejected and rejected[info.name][1] != U):
        return None
    for other in info.pods:
        target = next((c for c in status_of(other).get("conditions") or () if c["type"] == "DisruptionTarget"), None)
        preempted = target is not None and (target["status"], target["reason"]) == ("True", "PreemptionByScheduler")
        if priority_of(other) < priority_of(pod) and is_terminating(other) and preempted:
            return "a terminating pod on the nominated node."
    return None


def by_importance(pods):
    """Insertion sort, as Go sorts up to twelve: a pod without a start time started "now", at each comparison anew."""
    ordered = []
    for pod in pods:
        place = len(ordered)
        while place and is_more_important(pod, ordered[place - 1]):
            place -= 1
        ordered.insert(place, pod)
    return ordered


def is_more_important(pod, other):
    if priority_of(pod) != priority_of(other):
        return priority_of(pod) > priority_of(other)
    mine, theirs = (status_of(p).get("startTime") for p in (pod, other))
    if mine is None:
        # Its "now" is taken before the other's.
        return theirs is None
    return theirs is None or mine < theirs


def victims_on(cycle, info):
    """Victims and violations; or the reasons why there are none."""
    from plain.cycle import copied

    info, filters = info.copy(), copied(cycle.filters)

    def remove(other):
        info.remove(other)
        for plugin in filters.values():
            plugin.remove(other, info)

    def add(other):
        info.add(other)
        for plugin in filters.values():
            plugin.add(other, info)

    potential = [other for other in info.pods if priority_of(other) < priority_of(cycle.pod)]
    if not potential:
        return ["No preemption victims found for incoming pod"]
    for other in potential:
        remove(other)
    rejection = cycle.with_nominated(info, filters)
    if rejection is not None:
        return rejection[2]
    potential = by_importance(potential)
    violating = violating_pods(cycle.world, potential)
    victims, violations = [], 0
    for other in [*violating, *(p for p in potential if p not in violating)]:
        add(other)
        if cycle.with_nominated(info, filters) is not None:
            remove(other)
            victims.append(other)
            violations += other in violating
    assert victims
    return victims, violations


def violating_pods(world, potential):
    budgets = world.all("podDisruptionBudgets")
    left = [status_of(budget).get("disruptionsAllowed", 0) for budget in budgets]
    violating = []
    for pod in potential:
        violates = False
        for number, budget in enumerate(budgets):
            try:
                expressions = expressions_of(spec_of(budget).get("selector"))
            except UnparsableError:
                continue
            matches = labels_of(pod) and namespace_of(budget) == namespace_of(pod) and expressions and selects(expressions, labels_of(pod))
            if matches and name_of(pod) not in (status_of(budget).get("disruptedPods") or {}):
                left[number] -= 1
                violates = violates or left[number] < 0
        if violates:
            violating.append(pod)
    return violating


def best_of(candidates):
    """Criterion after criterion, until one is left; the rest is chance."""

    def top(victims):
        return max(map(priority_of, victims))

    def earliest(victims):
        # "~" sorts after every date: now.
        return min(status_of(v).get("startTime") or "~" for v in victims if priority_of(v) == top(victims))

    for criterion, pick in (
        (lambda c: c[2], min),
        (lambda c: top(c[1]), min),
        (lambda c: sum(priority_of(v) + 2**31 for v in c[1]), min),
        (lambda c: len(c[1]), min),
        (lambda c: earliest(c[1]), max),
    ):
        best = pick(map(criterion, candidates))
        candidates = [c for c in candidates if criterion(c) == best]
    return candidates
