"""Node sampling, the rotating start, the zone-interleaved order, and kube-scheduler's own choice among equal totals."""

from plain.configuration import Configuration
from plain.cycle import Cycle, commit, fit_error
from plain.objects import defaulted, key_of, labels_of, name_of, status_of
from plain.spread import CycleError
from plain.world import World


def zone_of(node):
    def first(*keys):
        return next((labels_of(node)[key] for key in keys if key in labels_of(node)), "")

    region = first("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region")
    return region, first("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone")


def node_order(nodes):
    """Round and round the zones, in the order in which they appeared."""
    zones = {}
    for node in nodes:
        zones.setdefault(zone_of(node), []).append(name_of(node))
    order = []
    while any(zones.values()):
        for names in zones.values():
            if names:
                order.append(names.pop(0))
    return order


def number_to_find(nodes, percentage):
    if nodes < 100:
        return nodes
    percentage = percentage or max(5, 50 - nodes // 125)
    return max(100, nodes * percentage // 100)


def first_in_pre_order(totals):
    """The winner's position: positions are visited as nodes of a binary tree, the left subtree before the right."""
    best, most = None, max(totals)

    def visit(position):
        nonlocal best
        if position < len(totals) and best is None:
            if totals[position] == most:
                best = position
            visit(2 * position + 1)
            visit(2 * position + 2)

    visit(0)
    return best


class Sequence:
    def __init__(self, scenario):
        self.world, self.configuration = World(scenario), Configuration(scenario.get("config"))
        self.order, self.start = node_order(scenario["nodes"]), 0

    def schedule(self, pod):
        """Decide a pod and place it; one entry of a recorded sequence."""
        cycle, entry = Cycle(self.world, self.configuration, pod, []), {"pod": key_of(pod)}
        try:
            cycle.pre_filter()
            if cycle.rejection is not None:
                return entry | {"message": f"0/{len(self.world.nodes)} nodes are available: {', '.join(cycle.rejection[2])}."}
            feasible, rejected = self.search(cycle)
            if not feasible:
                missing = len(self.world.nodes) - len(rejected)
                absent = [("", "", ["node(s) didn't satisfy plugin(s) [NodeAffinity]"])] * (missing if cycle.shortlist is not None else 0)
                return entry | {"message": fit_error(len(self.world.nodes), [*rejected.values(), *absent], "")}
            chosen = feasible[0]
            if len(feasible) > 1:
                scores = cycle.scores(feasible)
                chosen = feasible[first_in_pre_order([cycle.total(scores[info.name]) for info in feasible])]
        except CycleError:
            return entry | {"error": True}
        commit(cycle, chosen.name)
        return entry | {"node": chosen.name, "evaluated": len(feasible) + len(rejected), "feasible": len(feasible)}

    def search(self, cycle):
        nominee = self.world.node(status_of(cycle.pod).get("nominatedNodeName") or "")
        rejected = {}
        if nominee is not None:
            rejection = cycle.with_nominated(nominee, cycle.filters)
            if rejection is None:
                return [nominee], {}
            rejected[nominee.name] = rejection
        names = [name for name in self.order if cycle.shortlist is None or name in cycle.shortlist]
        wanted = number_to_find(len(names), self.configuration.percentage) if self.configuration.scores else 1
        feasible = []
        for number in range(len(names)):
            info = self.world.node(names[(self.start + number) % len(names)])
            rejection = cycle.with_nominated(info, cycle.filters)
            if rejection is not None:
                rejected[info.name] = rejection
            elif len(feasible) == wanted:
                break
            else:
                feasible.append(info)
        self.start = (self.start + len(feasible) + len(rejected)) % len(self.world.nodes)
        return feasible, rejected


def expected_sequence(scenario):
    sequence = Sequence(scenario)
    return [sequence.schedule(defaulted(pod)) for pod in scenario["pending"]]
