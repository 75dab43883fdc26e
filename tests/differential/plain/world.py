"""A cluster as lists of plain JSON objects. Whatever is asked of it is computed anew."""

from plain.objects import defaulted, host_ports, labels_of, name_of, namespace_of, quantities, spec_of, status_of
from plain.requests import nonzero, placed, whole

U, UU = "Unschedulable", "UnschedulableAndUnresolvable"


class PlainNode:
    """A node and the pods on it. Ports are a set: they do not count who holds them."""

    def __init__(self, node, pods=()):
        self.node = node
        self.name = name_of(node)
        self.labels = labels_of(node)
        self.taints = spec_of(node).get("taints") or ()
        self.pods = []
        self.ports = set()
        for pod in pods:
            self.add(pod)

    def add(self, pod):
        self.pods.append(pod)
        self.ports |= set(host_ports(pod))

    def remove(self, pod):
        self.pods = [other for other in self.pods if other is not pod]
        self.ports -= set(host_ports(pod))

    def copy(self):
        twin = PlainNode(self.node)
        twin.pods, twin.ports = list(self.pods), set(self.ports)
        return twin

    @property
    def allocatable(self):
        amounts = quantities(status_of(self.node).get("allocatable"))
        return whole(amounts)

    @property
    def allowed_pods(self):
        return whole({"memory": quantities(status_of(self.node).get("allocatable")).get("pods", 0)})["memory"]

    @property
    def requested(self):
        return _sum(placed(pod) for pod in self.pods)

    @property
    def nonzero_requested(self):
        return _sum(nonzero(pod) for pod in self.pods)


def _sum(all_amounts):
    total = {}
    for amounts in all_amounts:
        for name, amount in amounts.items():
            total[name] = total.get(name, 0) + amount
    return total


class World:
    """The cluster of a scenario."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.nodes = [PlainNode(node) for node in scenario["nodes"]]
        for pod in scenario.get("pods") or ():
            if status_of(pod).get("phase") not in ("Succeeded", "Failed"):
                self.place(defaulted(pod), spec_of(pod)["nodeName"])

    def place(self, pod, node_name):
        for info in self.nodes:
            if info.name == node_name:
                info.add(pod)

    def node(self, name):
        return next((info for info in self.nodes if info.name == name), None)

    def all(self, field, namespace=None):
        found = self.scenario.get(field) or []
        return found if namespace is None else [o for o in found if namespace_of(o) == namespace]

    def find(self, field, name, namespace=None):
        return next((o for o in self.all(field, namespace) if name_of(o) == name), None)

    def replace(self, field, old, new):
        """Put a changed object in an old one's place, in this world alone."""
        changed = [new if o is old else o for o in self.scenario[field]]
        self.scenario = self.scenario | {field: changed}
