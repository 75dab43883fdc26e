"""InterPodAffinity, by walking all pods."""

from plain.filters import SKIP, Plugin
from plain.objects import labels_of, namespace_of, terms_of
from plain.selectors import UnparsableError, expressions_of, selects
from plain.spread import CycleError
from plain.world import UU, U


class Term:
    def __init__(self, term, owner, weight=0):
        self.key, self.weight = term["topologyKey"], weight
        self.selector = expressions_of(term.get("labelSelector"))
        self.namespace_selector = expressions_of(term.get("namespaceSelector"))
        alone = not term.get("namespaces") and term.get("namespaceSelector") is None
        self.namespaces = {namespace_of(owner)} if alone else set(term.get("namespaces") or ())

    def resolve(self, world):
        """As an incoming pod's term is held: the selected namespaces by name, the selector kept."""
        if self.namespace_selector:
            for space in world.all("namespaces"):
                if selects(self.namespace_selector, labels_of(space)):
                    self.namespaces.add(space["metadata"]["name"])
        return self

    def matches(self, pod, namespace_labels):
        near = namespace_of(pod) in self.namespaces or selects(self.namespace_selector, namespace_labels)
        return near and selects(self.selector, labels_of(pod))


def terms(pod, kind, *, broken="raise"):
    """Required and preferred terms of one kind; a list with one that cannot be parsed is as good as absent for a placed pod."""
    found = []
    for which in ("required", "preferred"):
        listed = terms_of(pod, kind, which)
        pairs = [(t, 0) for t in listed] if which == "required" else [(t["podAffinityTerm"], t["weight"]) for t in listed]
        try:
            found.append([Term(term, pod, weight) for term, weight in pairs])
        except UnparsableError:
            if broken == "raise":
                raise
            found.append([])
    return found


def all_terms(pod):
    """An incoming pod's terms of either kind."""
    return (*terms(pod, "podAffinity"), *terms(pod, "podAntiAffinity"))


def placed_terms(pod, kind, which):
    return terms(pod, kind, broken="drop")[which == "preferred"]


class InterPodAffinity(Plugin):
    def own_namespace_labels(self):
        found = self.world.find("namespaces", namespace_of(self.pod))
        return {} if found is None else labels_of(found)

    def pre_filter(self):
        try:
            near, _, apart, _ = all_terms(self.pod)
        except UnparsableError:
            return UU, ["parsing pod: …"]
        self.near = [term.resolve(self.world) for term in near]
        self.apart = [term.resolve(self.world) for term in apart]
        self.state = {"existing": {}, "near": {}, "apart": {}}
        for info in self.world.nodes:
            for other in info.pods:
                self.change(other, info, 1)
        return None if self.near or self.apart or self.state["existing"] else SKIP

    def change(self, other, info, by):
        for term in placed_terms(other, "podAntiAffinity", "required"):
            if term.matches(self.pod, self.own_namespace_labels()):
                self.count("existing", term, info, by)
        if self.near and all(term.matches(other, {}) for term in self.near):
            for term in self.near:
                self.count("near", term, info, by)
        for term in self.apart:
            if term.matches(other, {}):
                self.count("apart", term, info, by)

    def count(self, what, term, info, by):
        if term.key in info.labels:
            pair, counts = (term.key, info.labels[term.key]), self.state[what]
            counts[pair] = counts.get(pair, 0) + by
            if counts[pair] == 0:
                del counts[pair]

    def add(self, other, info):
        self.change(other, info, 1)

    def remove(self, other, info):
        self.change(other, info, -1)

    def found(self, what, key, info):
        return key in info.labels and self.state[what].get((key, info.labels[key]), 0) > 0

    def filter(self, info):
        if not self.is_near(info):
            return UU, ["node(s) didn't match pod affinity rules"]
        if any(self.found("apart", term.key, info) for term in self.apart):
            return U, ["node(s) didn't match pod anti-affinity rules"]
        if any(self.found("existing", key, info) for key in info.labels):
            return U, ["node(s) didn't satisfy existing pods anti-affinity rules"]
        return None

    def is_near(self, info):
        if not all(term.key in info.labels for term in self.near):
            return False
        if all(self.found("near", term.key, info) for term in self.near):
            return True
        return not self.state["near"] and all(term.matches(self.pod, {}) for term in self.near)

    def pre_score(self, feasible):
        try:
            _, near, _, apart = all_terms(self.pod)
        except UnparsableError as error:
            raise CycleError from error
        if self.args.get("ignorePreferredTermsOfExistingPods") and not near and not apart:
            return SKIP
        hard_weight = self.args.get("hardPodAffinityWeight", 1)
        self.sums = {}
        for info in self.world.nodes:
            for other in info.pods:
                for wanted, sign in ((near, 1), (apart, -1)):
                    for term in wanted:
                        if term.resolve(self.world).matches(other, {}):
                            self.weigh(term, info, sign * term.weight)
                for kind, which, sign in (
                    ("podAffinity", "required", hard_weight),
                    ("podAffinity", "preferred", 1),
                    ("podAntiAffinity", "preferred", -1),
                ):
                    for term in placed_terms(other, kind, which):
                        if sign and term.matches(self.pod, self.own_namespace_labels()):
                            self.weigh(term, info, sign if which == "required" else sign * term.weight)
        return None if self.sums else SKIP

    def weigh(self, term, info, weight):
        if term.key in info.labels:
            pair = (term.key, info.labels[term.key])
            self.sums[pair] = self.sums.get(pair, 0) + weight

    def score(self, info):
        return sum(weight for (key, value), weight in self.sums.items() if info.labels.get(key) == value)

    def normalize(self, raw):
        least, most = min(raw.values()), max(raw.values())
        if least == most:
            return dict.fromkeys(raw, 0)
        return {name: int(100.0 * (float(value - least) / float(most - least))) for name, value in raw.items()}
