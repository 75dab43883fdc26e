"""The scheduling cycle on plain JSON: one pod decided, in the words of the recording format."""

import copy
from collections import Counter

from plain.configuration import FILTERS, SCORES, Configuration
from plain.filters import SKIP
from plain.objects import defaulted, key_of, priority_of, status_of
from plain.preemption import preempt
from plain.spread import CycleError
from plain.world import UU, World

PRE_FILTERING = (
    *("NodeAffinity", "NodePorts", "NodeResourcesFit", "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone"),
    *("PodTopologySpread", "InterPodAffinity"),
)


class Cycle:
    """The decision about one pod."""

    def __init__(self, world, configuration, pod, nominated):
        self.world, self.configuration, self.pod, self.nominated = world, configuration, pod, nominated
        self.filters = {name: self.made(FILTERS[name], name) for name in configuration.filters}
        self.rejection, self.shortlist = None, None

    def made(self, plugin, name):
        return plugin(self.world, self.pod, self.configuration.args.get(name, {}))

    def pre_filter(self):
        # No in-tree plugin has a PreFilter list of its own: its order is that of the filters' names in MultiPoint.
        for name in [name for name in PRE_FILTERING if name in self.filters]:
            answer = self.filters[name].pre_filter()
            if answer == SKIP:
                del self.filters[name]
            elif isinstance(answer, tuple):
                self.rejection = (name, *answer)
                return
            elif isinstance(answer, set):
                self.shortlist = answer

    def first_rejection(self, info, filters):
        for name, plugin in filters.items():
            answer = plugin.filter(info)
            if answer is not None:
                return (name, *answer)
        return None

    def with_nominated(self, info, filters):
        """Both passes."""
        others = [n for n in self.nominated if n["node"] == info.name and priority_of(n["pod"]) >= priority_of(self.pod)]
        others = [n["pod"] for n in others if key_of(n["pod"]) != key_of(self.pod)]
        if others:
            fuller, followed = info.copy(), copied(filters)
            for other in others:
                fuller.add(other)
                for plugin in followed.values():
                    plugin.add(other, fuller)
            rejection = self.first_rejection(fuller, followed)
            if rejection is not None:
                return rejection
        return self.first_rejection(info, filters)

    def verdicts(self):
        """Node to rejection, or to None where it passes; a nominated node that will do is the only one that is looked at."""
        found, nominee = {}, self.world.node(status_of(self.pod).get("nominatedNodeName") or "")
        is_taken = nominee is not None and self.with_nominated(nominee, self.filters) is None
        for info in self.world.nodes:
            if info is not nominee and self.shortlist is not None and info.name not in self.shortlist:
                found[info.name] = ("NodeAffinity", UU, ["node(s) didn't satisfy plugin(s) [NodeAffinity]"])
            elif info is nominee or not is_taken:
                found[info.name] = self.with_nominated(info, self.filters)
        return found

    def scores(self, feasible):
        """Node to plugin to weighted score."""
        scored = {info.name: {} for info in feasible}
        for name, weight in self.configuration.scores.items():
            plugin = self.made(SCORES[name], name)
            if plugin.pre_score(feasible) == SKIP:
                continue
            for node, value in plugin.normalize({info.name: plugin.score(info) for info in feasible}).items():
                assert 0 <= value <= 100
                scored[node][name] = value * weight
        return scored

    def total(self, scores):
        return sum(scores.values()) if self.configuration.scores else 1


def copied(filters):
    """Plugins whose state changes on its own."""
    twins = {name: copy.copy(plugin) for name, plugin in filters.items()}
    for twin in twins.values():
        twin.state = copy.deepcopy(twin.state)
    return twins


def fit_error(nodes, rejections, preemption):
    counts = Counter(reason for _, _, reasons in rejections for reason in reasons)
    body = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
    return " ".join(part for part in (f"0/{nodes} nodes are available:", f"{body}." if body else "", preemption) if part)


def decide(cycle, *, preemption=False):
    """One result; `error` where the cycle fails."""
    world, result = cycle.world, {"pod": key_of(cycle.pod)}
    if not world.nodes:
        return result | {"error": "no nodes available to schedule pods"}
    try:
        cycle.pre_filter()
        if cycle.rejection is not None:
            plugin, code, reasons = cycle.rejection
            result |= {"feasible": [], "preFilter": {"plugin": plugin, "code": code, "reasons": reasons}}
            message = f"0/{len(world.nodes)} nodes are available: {', '.join(reasons)}."
            return with_preemption(cycle, result, message, {}) if preemption else result | {"message": message}
        verdicts = cycle.verdicts()
        rejected = {name: verdict for name, verdict in verdicts.items() if verdict is not None}
        feasible = [info for info in world.nodes if verdicts.get(info.name, UU) is None]
        result["feasible"] = sorted(info.name for info in feasible)
        if rejected:
            result["rejected"] = {n: {"plugin": p, "code": c, "reasons": r} for n, (p, c, r) in rejected.items()}
        if not feasible:
            message = fit_error(len(world.nodes), rejected.values(), "")
            return with_preemption(cycle, result, message, rejected) if preemption else result | {"message": message}
        result["scores"] = cycle.scores(feasible)
    except CycleError as failure:
        return {"pod": key_of(cycle.pod), "error": str(failure)}
    result["total"] = {name: cycle.total(scores) for name, scores in result["scores"].items()}
    result["best"] = sorted(name for name, total in result["total"].items() if total == max(result["total"].values()))
    result["bound"] = result["best"][0]
    return result


def with_preemption(cycle, result, message, rejected):
    outcomes = preempt(cycle, rejected)
    ends = sorted({outcome["message"] for outcome in outcomes})
    return result | {"postFilter": outcomes, "message": f"{message} {ends[0]}".rstrip()}


def expected_results(scenario):
    """What kube-scheduler would decide about the pending pods of a scenario of single decisions."""
    world, configuration, results = World(scenario), Configuration(scenario.get("config")), []
    nominated = [n | {"pod": defaulted(n["pod"])} for n in scenario.get("nominated") or ()]
    for pod in map(defaulted, scenario["pending"]):
        cycle = Cycle(world, configuration, pod, nominated)
        result = decide(cycle, preemption=bool(scenario.get("preemption")))
        if "bound" in result:
            commit(cycle, result["bound"])
        results.append(result)
    return results


def commit(cycle, node_name):
    if "VolumeBinding" in cycle.filters:
        cycle.filters["VolumeBinding"].reserve(cycle.world.node(node_name))
    cycle.world.place(cycle.pod | {"spec": cycle.pod["spec"] | {"nodeName": node_name}}, node_name)
