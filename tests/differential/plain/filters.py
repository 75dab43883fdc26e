"""The filters that look at one node at a time."""

from plain.objects import affinity_of, host_ports, spec_of
from plain.requests import fit, is_extended
from plain.selectors import any_node_term, tolerates, untolerated
from plain.world import UU, U

SKIP = "skip"
CORDON = {"key": "node.kubernetes.io/unschedulable", "value": "", "effect": "NoSchedule"}


class Plugin:
    """One plugin for one pod. What its dry runs change is in `state`."""

    def __init__(self, world, pod, args):
        self.world, self.pod, self.spec, self.args = world, pod, spec_of(pod), args
        self.state = {}

    def pre_filter(self):
        """None, SKIP, a set of node names, or a rejection of all nodes."""

    def filter(self, info):
        """None, or a code and reasons."""

    def add(self, other, info):
        """Follow a pod that came to a node in a dry run."""

    def remove(self, other, info):
        """Follow a pod that left a node in a dry run."""


class NodeUnschedulable(Plugin):
    def filter(self, info):
        cordoned = spec_of(info.node).get("unschedulable")
        if cordoned and not any(tolerates(t, CORDON) for t in self.spec.get("tolerations") or ()):
            return UU, ["node(s) were unschedulable"]
        return None


class NodeName(Plugin):
    def filter(self, info):
        if self.spec.get("nodeName") and self.spec["nodeName"] != info.name:
            return UU, ["node(s) didn't match the requested node name"]
        return None


class TaintToleration(Plugin):
    def filter(self, info):
        if untolerated(info.taints, self.spec.get("tolerations"), ("NoSchedule", "NoExecute")):
            return UU, ["node(s) had untolerated taint(s)"]
        return None


def required_node_terms(pod):
    """None where there is no required node affinity."""
    required = affinity_of(pod, "nodeAffinity").get("requiredDuringSchedulingIgnoredDuringExecution")
    return None if required is None else required.get("nodeSelectorTerms") or []


def meets_required(pod, info):
    """NodeSelector and required node affinity."""
    for key, value in (spec_of(pod).get("nodeSelector") or {}).items():
        if info.labels.get(key) != value:
            return False
    terms = required_node_terms(pod)
    return terms is None or any_node_term(terms, info.labels, info.name)


class NodeAffinity(Plugin):
    def added_terms(self):
        required = (self.args.get("addedAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
        return None if required is None else required.get("nodeSelectorTerms") or []

    def pre_filter(self):
        terms = required_node_terms(self.pod)
        if terms is None and not self.spec.get("nodeSelector") and self.added_terms() is None:
            return SKIP
        union = set()
        for term in terms or ():
            names = None
            for field in term.get("matchFields") or ():
                if field["key"] == "metadata.name" and field["operator"] == "In":
                    values = set(field["values"])
                    names = values if names is None else names & values
            if names is None:
                return None
            union |= names
        if terms and not union:
            return UU, ["pod affinity terms conflict"]
        return union or None

    def filter(self, info):
        added = self.added_terms()
        if added is not None and not any_node_term(added, info.labels, info.name):
            return UU, ["node(s) didn't match scheduler-enforced node affinity"]
        if not meets_required(self.pod, info):
            return UU, ["node(s) didn't match Pod's node affinity/selector"]
        return None


class NodePorts(Plugin):
    def pre_filter(self):
        return None if host_ports(self.pod) else SKIP

    def filter(self, info):
        for ip, protocol, port in host_ports(self.pod):
            for used_ip, used_protocol, used_port in info.ports:
                clash = ip == used_ip or "0.0.0.0" in (ip, used_ip)
                if clash and (protocol, port) == (used_protocol, used_port):
                    return U, ["node(s) didn't have free ports for the requested pod ports"]
        return None


class NodeResourcesFit(Plugin):
    def filter(self, info):
        wants, reasons, hopeless = fit(self.pod), [], False
        allocatable, requested = info.allocatable, info.requested
        if len(info.pods) + 1 > info.allowed_pods:
            reasons.append("Too many pods")
        usual = [name for name in ("cpu", "memory", "ephemeral-storage") if name in wants]
        for name in [*usual, *sorted(set(wants) - set(usual))]:
            if wants[name] == 0 or self.is_ignored(name):
                continue
            has = allocatable.get(name, 0)
            if wants[name] > has - requested.get(name, 0):
                reasons.append(f"Insufficient {name}")
                hopeless = hopeless or wants[name] > has
        return (UU if hopeless else U, reasons) if reasons else None

    def is_ignored(self, name):
        names, groups = self.args.get("ignoredResources") or (), self.args.get("ignoredResourceGroups") or ()
        return is_extended(name) and (name in names or name.split("/")[0] in groups)
