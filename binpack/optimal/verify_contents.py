"""What can one node hold at most? The checker proves a claim by multipliers where they suffice, else by trying contents."""

from __future__ import annotations

from binpack.optimal.verify_instance import CheckedInstance


class Contents:
    """All contents of one node, ordered so that a bound on what is still possible comes with each step.

    Parameters
    ----------
    instance : CheckedInstance
    node_class : int
    weights : list of m integers
        Of a pod of each class on this node.
    prices : list of R integers
        For each resource, in units of 1/`scale`. Any are valid: they only decide how much has to be tried.
    scale : int

    Attributes
    ----------
    upper : int
        What the prices alone prove: capacity is sold at its price, and a class is taken where its weight exceeds its price.
    spent : int
        Steps of the search.
    """

    def __init__(self, instance: CheckedInstance, node_class: int, weights: list[int], prices: list[int], scale: int) -> None:
        self.scale = scale
        self.capacity = instance.capacity[node_class]
        self.items = []
        total = sum(price * free for price, free in zip(prices, self.capacity, strict=True))
        for pod_class, (sizes, row) in enumerate(zip(instance.size, instance.most, strict=True)):
            if row[node_class] and weights[pod_class]:
                surplus = weights[pod_class] * scale - sum(price * size for price, size in zip(prices, sizes, strict=True))
                total += max(0, surplus) * row[node_class]
                self.items.append((surplus, row[node_class], weights[pod_class], sizes, pod_class))
        self.items.sort(key=lambda item: -abs(item[0]))
        self.total = total
        self.upper = total // scale
        self.apart = [(set(left), set(right)) for left, right in instance.exclusions]
        self.spent = 0

    def never_above(self, claim: int, step_limit: int) -> bool:
        """Prove that no content weighs more than the claim; False if one does, or if the steps do not suffice."""
        if self.upper <= claim:
            return True
        self.spare = self.total - (claim + 1) * self.scale
        self.claim = claim
        # An explicit stack: (item, forgone so far, weight so far, free, classes held).
        stack: list[tuple[int, int, int, list[int], frozenset[int]]] = [(0, 0, 0, self.capacity, frozenset())]
        while stack:
            item, forgone, weight, free, held = stack.pop()
            if weight > claim or self.spent >= step_limit:
                return False
            if item < len(self.items):
                stack += self._choices(item, forgone, weight, free, held)
        return True

    def _choices(
        self, item: int, forgone: int, weight: int, free: list[int], held: frozenset[int]
    ) -> list[tuple[int, int, int, list[int], frozenset[int]]]:
        surplus, most, value, sizes, pod_class = self.items[item]
        room = min([most, *(left // size for left, size in zip(free, sizes, strict=True) if size)])
        if any((pod_class in one and held & other) or (pod_class in other and held & one) for one, other in self.apart):
            room = 0
        choices = []
        for count in range(room, -1, -1) if surplus > 0 else range(room + 1):
            lost = forgone + (surplus * (most - count) if surplus > 0 else -surplus * count)
            if lost > self.spare:
                break
            self.spent += 1
            left = [amount - size * count for amount, size in zip(free, sizes, strict=True)] if count else free
            choices.append((item + 1, lost, weight + value * count, left, held | {pod_class} if count else held))
        return choices
