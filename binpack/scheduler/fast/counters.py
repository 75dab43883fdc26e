"""Work counters: how much was looked at. They depend on the decisions alone, so that tests can hold them fast."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """What the cache did since it was made.

    Parameters
    ----------
    decisions : int
        Pods decided from the cache, by a kernel or in numpy.
    kernel_decisions : int
        Those among them that a kernel decided.
    plain_decisions : int
        Pods that took the plain path: rejected everywhere, or with something that is not cached.
    full_passes : int
        Times that all rows of a shape slot were worked out.
    rows_patched : int
        Rows of shape slots that were worked out because they had changed.
    blocks_summarised, blocks_searched : int
        Blocks of rows whose summary was made anew, and in which a kernel looked for the winner.
    row_by_row : int
        Pods for which a kernel judged every row: where domains cross zones, or a plugin without cached parts has a say.
    verdict_passes, verdicts_patched : int
        Times that all rows were judged for a pod that fits nowhere, and rows that were judged again because they had changed.
    plans_compiled : int
        Times that a class's terms were compiled.
    static_passes : int
        Times that taints, node affinity and images of all rows were worked out for a class.
    static_rows_patched : int
        Rows for which they were worked out again because their node had changed.
    """

    decisions: int = 0
    kernel_decisions: int = 0
    plain_decisions: int = 0
    full_passes: int = 0
    rows_patched: int = 0
    blocks_summarised: int = 0
    blocks_searched: int = 0
    row_by_row: int = 0
    verdict_passes: int = 0
    verdicts_patched: int = 0
    plans_compiled: int = 0
    static_passes: int = 0
    static_rows_patched: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return name and value of each."""
        return asdict(self)

    def plus(self, other: Counters) -> Counters:
        """Return the sum of two."""
        mine, theirs = self.as_dict(), other.as_dict()
        return Counters(**{name: mine[name] + theirs[name] for name in mine})
