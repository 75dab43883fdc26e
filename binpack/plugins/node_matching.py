"""Node selector terms over rows: a condition is judged once for each distinct label value, then looked up by code.

What is compiled here is valid for one state of the cluster's nodes: a node that brings a new label value asks for compiling anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from binpack.model.selectors import NodeTerm, Requirement
from binpack.state.cluster import Cluster
from binpack.state.node_rows import NodeRows

NO_ROW = -1


@dataclass(frozen=True, slots=True)
class LabelCondition:
    """A requirement on one label.

    Parameters
    ----------
    key : str
    accepted : NDArray[np.bool_]
        By code of the label's value; the last entry stands for nodes without the label, whose code is -1.
    """

    key: str
    accepted: NDArray[np.bool_]

    def mask(self, rows: NodeRows) -> NDArray[np.bool_]:
        """Tell which rows meet the condition, shape [len(rows)]."""
        return self.accepted.take(rows.label(self.key))


@dataclass(frozen=True, slots=True)
class NameCondition:
    """A requirement on the node's name: to be the node on a row (`NO_ROW`: a node that is not there), or not to be."""

    row: int
    equal: bool

    def mask(self, rows: NodeRows) -> NDArray[np.bool_]:
        """Tell which rows meet the condition, shape [len(rows)]."""
        meant: NDArray[np.bool_] = rows.numbers == self.row
        return meant if self.equal else ~meant


Condition = LabelCondition | NameCondition


@dataclass(frozen=True, slots=True)
class RowTerm:
    """Conditions that must all hold."""

    conditions: tuple[Condition, ...]

    def mask(self, rows: NodeRows) -> NDArray[np.bool_]:
        """Tell which rows meet all conditions, shape [len(rows)]."""
        matched = np.ones(len(rows), np.bool_)
        for condition in self.conditions:
            matched &= condition.mask(rows)
        return matched


def compile_requirements(requirements: Iterable[Requirement], cluster: Cluster) -> RowTerm:
    """Compile label requirements for the rows of a cluster."""
    return RowTerm(tuple(_on_label(requirement, cluster) for requirement in requirements))


def compile_term(term: NodeTerm, cluster: Cluster) -> RowTerm:
    """Compile a node selector term for the rows of a cluster."""
    names = (_on_name(field, cluster) for field in term.fields)
    return RowTerm((*compile_requirements(term.requirements, cluster).conditions, *names))


def any_of(terms: Iterable[RowTerm], rows: NodeRows) -> NDArray[np.bool_]:
    """Tell which rows meet at least one term, shape [len(rows)]; without a term, none."""
    matched = np.zeros(len(rows), np.bool_)
    for term in terms:
        matched |= term.mask(rows)
    return matched


def _on_label(requirement: Requirement, cluster: Cluster) -> LabelCondition:
    key, values = requirement.key, cluster.label_values(requirement.key)
    if requirement.operator not in ("In", "NotIn"):
        return LabelCondition(key, np.array([requirement.accepts(value) for value in (*values, None)], np.bool_))
    # Only the named values have to be found: a host name has as many values as there are nodes.
    among = requirement.operator == "In"
    accepted = np.full(len(values) + 1, not among)
    accepted[[code for value in requirement.values if (code := cluster.label_code(key, value)) is not None]] = among
    return LabelCondition(key, accepted)


def _on_name(field: Requirement, cluster: Cluster) -> NameCondition:
    row = cluster.row_of(field.values[0])
    return NameCondition(NO_ROW if row is None else row, field.operator == "In")
