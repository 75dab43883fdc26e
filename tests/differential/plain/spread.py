"""PodTopologySpread, by counting pods anew."""

import math

from plain.filters import SKIP, Plugin, meets_required
from plain.objects import controller_of, is_terminating, labels_of, namespace_of, spec_of
from plain.selectors import UnparsableError, expressions_of, selects, untolerated
from plain.world import UU, U

HOSTNAME = "kubernetes.io/hostname"
REASON = "node(s) didn't match pod topology spread constraints"
SYSTEM = [
    {"topologyKey": HOSTNAME, "maxSkew": 3, "whenUnsatisfiable": "ScheduleAnyway"},
    {"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 5, "whenUnsatisfiable": "ScheduleAnyway"},
]


class CycleError(Exception):
    """The cycle fails with an error."""


def deduced_selector(world, pod):
    labels, wanted = labels_of(pod), {}
    for service in world.all("services", namespace_of(pod)):
        selector = spec_of(service).get("selector")
        if selector is not None and all(labels.get(key) == value for key, value in selector.items()):
            wanted |= selector
    expressions = [{"key": k, "operator": "In", "values": [v]} for k, v in wanted.items()]
    owner = controller_of(pod)
    if owner is not None and (owner["apiVersion"], owner["kind"]) == ("apps/v1", "ReplicaSet"):
        found = world.find("replicaSets", owner["name"], namespace_of(pod))
        if found is not None:
            expressions += expressions_of(spec_of(found).get("selector")) or []
    return expressions


class PodTopologySpread(Plugin):
    def is_system(self):
        return self.args.get("defaultingType", "System") == "System"

    def constraints(self, action):
        own, labels = self.spec.get("topologySpreadConstraints") or (), labels_of(self.pod)
        listed = own or (SYSTEM if self.is_system() else self.args.get("defaultConstraints") or ())
        found = []
        for one in listed:
            if one["whenUnsatisfiable"] != action:
                continue
            try:
                expressions = expressions_of(one.get("labelSelector"))
            except UnparsableError as error:
                raise CycleError from error
            for key in one.get("matchLabelKeys") or ():
                if key in labels and expressions is not None:
                    expressions = [*expressions, {"key": key, "operator": "In", "values": [labels[key]]}]
            found.append((one, expressions))
        if not own:
            selector = deduced_selector(self.world, self.pod) if found else []
            found = [(one, selector) for one, _ in found] if selector else []
        return found

    def count(self, info, expressions):
        if not expressions:
            return 0
        mine = [p for p in info.pods if namespace_of(p) == namespace_of(self.pod) and not is_terminating(p)]
        return sum(selects(expressions, labels_of(p)) for p in mine)

    def is_included(self, one, info):
        if one.get("nodeAffinityPolicy", "Honor") == "Honor" and not meets_required(self.pod, info):
            return False
        honors = one.get("nodeTaintsPolicy", "Ignore") == "Honor"
        return not (honors and untolerated(info.taints, self.spec.get("tolerations"), ("NoSchedule", "NoExecute")))

    def pre_filter(self):
        self.hard = self.constraints("DoNotSchedule")
        if not self.hard:
            return SKIP
        for number, (one, expressions) in enumerate(self.hard):
            counts = self.state[number] = {}
            for info in self.world.nodes:
                if self.has_all_keys(info, self.hard) and self.is_included(one, info):
                    value = info.labels[one["topologyKey"]]
                    counts[value] = counts.get(value, 0) + self.count(info, expressions)
        return None

    def has_all_keys(self, info, constraints):
        return all(one["topologyKey"] in info.labels for one, _ in constraints)

    def filter(self, info):
        for number, (one, expressions) in enumerate(self.hard):
            if one["topologyKey"] not in info.labels:
                return UU, [f"{REASON} (missing required label)"]
            counts = self.state[number]
            fewest = min(counts.values(), default=0)
            if len(counts) < one.get("minDomains", 1):
                fewest = 0
            own = int(selects(expressions, labels_of(self.pod)))
            if counts.get(info.labels[one["topologyKey"]], 0) + own - fewest > one["maxSkew"]:
                return U, [REASON]
        return None

    def change(self, other, info, by):
        if namespace_of(other) != namespace_of(self.pod) or not self.has_all_keys(info, self.hard):
            return
        for number, (one, expressions) in enumerate(self.hard):
            if selects(expressions, labels_of(other)) and self.is_included(one, info):
                value = info.labels[one["topologyKey"]]
                self.state[number][value] = self.state[number].get(value, 0) + by

    def add(self, other, info):
        self.change(other, info, 1)

    def remove(self, other, info):
        self.change(other, info, -1)

    def pre_score(self, feasible):
        self.soft = self.constraints("ScheduleAnyway")
        if not self.soft:
            return SKIP
        strict = bool(self.spec.get("topologySpreadConstraints")) or not self.is_system()
        self.ignored = [info.name for info in feasible if strict and not self.has_all_keys(info, self.soft)]
        scored = [info for info in feasible if info.name not in self.ignored]
        self.weights, self.counts = [], []
        for one, expressions in self.soft:
            key, counts = one["topologyKey"], {}
            if key != HOSTNAME:
                counts = {info.labels.get(key, ""): 0 for info in scored}
                for info in self.world.nodes:
                    if strict and not self.has_all_keys(info, self.soft):
                        continue
                    if info.labels.get(key, "") in counts and self.is_included(one, info):
                        counts[info.labels.get(key, "")] += self.count(info, expressions)
            self.counts.append(counts)
            self.weights.append(math.log((len(scored) if key == HOSTNAME else len(counts)) + 2))
        return None

    def score(self, info):
        if info.name in self.ignored:
            return 0
        total = 0.0
        for (one, expressions), weight, counts in zip(self.soft, self.weights, self.counts, strict=True):
            key = one["topologyKey"]
            if key in info.labels:
                number = self.count(info, expressions) if key == HOSTNAME else counts[info.labels[key]]
                total += float(number) * weight + float(one["maxSkew"] - 1)
        return math.floor(total + 0.5)

    def normalize(self, raw):
        scored = [value for name, value in raw.items() if name not in self.ignored]
        least, most = min(scored, default=0), max([0, *scored])
        return {
            name: 0 if name in self.ignored else 100 if most == 0 else 100 * (most + least - value) // most for name, value in raw.items()
        }
