"""The scores of nodes, one at a time, and their normalisations."""

import math

from plain.filters import SKIP, Plugin
from plain.objects import affinity_of, status_of
from plain.requests import fit_score, is_counted, is_scalar, placed
from plain.selectors import UnparsableError, check_node_term, node_term_holds, untolerated
from plain.spread import CycleError

MIB = 2**20


def div(a, b):
    """Go's division truncates toward zero."""
    return abs(a) // abs(b) * (1 if (a >= 0) == (b >= 0) else -1)


def by_the_highest(raw, *, reverse=False):
    most = max([0, *raw.values()])
    if most == 0:
        return dict.fromkeys(raw, 100) if reverse else raw
    return {name: 100 - div(100 * value, most) if reverse else div(100 * value, most) for name, value in raw.items()}


class Score(Plugin):
    def pre_score(self, feasible):
        """None or SKIP."""

    def normalize(self, raw):
        return raw


class TaintScore(Score):
    def score(self, info):
        tolerations = [t for t in self.spec.get("tolerations") or () if t.get("effect", "") in ("", "PreferNoSchedule")]
        return len(untolerated(info.taints, tolerations, ("PreferNoSchedule",)))

    def normalize(self, raw):
        return by_the_highest(raw, reverse=True)


class NodeAffinityScore(Score):
    def pre_score(self, feasible):
        field = "preferredDuringSchedulingIgnoredDuringExecution"
        own, added = affinity_of(self.pod, "nodeAffinity").get(field), (self.args.get("addedAffinity") or {}).get(field)
        if own is None and added is None:
            return SKIP
        self.terms = [(one["weight"], one["preference"]) for one in [*(own or ()), *(added or ())] if one["weight"] != 0]
        try:
            for _, term in self.terms:
                check_node_term(term)
        except UnparsableError as error:
            raise CycleError from error
        return None

    def score(self, info):
        return sum(weight for weight, term in self.terms if node_term_holds(term, info.labels, info.name))

    def normalize(self, raw):
        return by_the_highest(raw)


class FitScore(Score):
    def score(self, info):
        strategy = self.args.get("scoringStrategy") or {}
        kind = strategy.get("type", "LeastAllocated")
        total, weights, wants = 0, 0, fit_score(self.pod)
        for name, weight in resources_of(strategy):
            alloc, want = info.allocatable.get(name, 0), wants.get(name, 0)
            if not is_counted(name) or (is_scalar(name) and want == 0) or alloc == 0:
                continue
            used = (info.nonzero_requested if name in ("cpu", "memory") else info.requested).get(name, 0) + want
            if kind == "LeastAllocated":
                score = 0 if used > alloc else div((alloc - used) * 100, alloc)
            elif kind == "MostAllocated":
                score = div(min(used, alloc) * 100, alloc)
            else:
                score = self.shaped(100 if used > alloc else div(used * 100, alloc))
                if score == 0:
                    continue
            total, weights = total + score * weight, weights + weight
        if weights == 0:
            return 0
        return math.floor(total / weights + 0.5) if kind == "RequestedToCapacityRatio" else div(total, weights)

    def shaped(self, use):
        shape = self.args["scoringStrategy"]["requestedToCapacityRatio"]["shape"]
        points = [(point["utilization"], 10 * point["score"]) for point in shape]
        for number, (right, high) in enumerate(points):
            if use <= right:
                if number == 0:
                    return high
                left, low = points[number - 1]
                return low + div((high - low) * (use - left), right - left)
        return points[-1][1]


def resources_of(holder):
    default = [{"name": "cpu"}, {"name": "memory"}]
    return [(one["name"], one.get("weight") or 1) for one in holder.get("resources") or default]


class BalancedScore(Score):
    def pre_score(self, feasible):
        wants = placed(self.pod)
        return None if any(wants.get(name, 0) for name, _ in resources_of(self.args)) else SKIP

    def score(self, info):
        wants, fractions = placed(self.pod), []
        for name, _ in resources_of(self.args):
            alloc, want = info.allocatable.get(name, 0), wants.get(name, 0)
            if is_counted(name) and alloc and not (is_scalar(name) and want == 0):
                fractions.append(min(1.0, float(info.requested.get(name, 0) + want) / float(alloc)))
        deviation = 0.0
        if len(fractions) == 2:
            deviation = abs((fractions[0] - fractions[1]) / 2)
        elif len(fractions) > 2:
            mean = plus(fractions) / len(fractions)
            deviation = math.sqrt(plus([(f - mean) * (f - mean) for f in fractions]) / len(fractions))
        return int((1 - deviation) * 100.0)


def plus(numbers):
    """Left to right: Python's own sum of floats compensates for rounding, which Go does not."""
    total = 0.0
    for number in numbers:
        total += number
    return total


class ImageScore(Score):
    def score(self, info):
        containers = [*(self.spec.get("initContainers") or ()), *(self.spec.get("containers") or ())]
        total = 0
        for container in containers:
            image = container.get("image", "")
            image = image if image.rfind(":") > image.rfind("/") else f"{image}:latest"
            if image in sizes(info):
                share = float(sum(image in sizes(other) for other in self.world.nodes)) / float(len(self.world.nodes))
                total += int(float(sizes(info)[image]) * share)
        low, high = 23 * MIB, 1000 * MIB * len(containers)
        return div(100 * (min(max(total, low), high) - low), high - low)


def sizes(info):
    return {name: image["sizeBytes"] for image in status_of(info.node).get("images") or () for name in image["names"]}


class NoScore(Score):
    """Plugins that extend Score and give 0 to all nodes here."""

    def pre_score(self, feasible):
        return SKIP
