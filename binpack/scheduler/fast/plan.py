"""What a class's decision is made of: which slots, columns and domain sums, and what the plugins work out themselves.

Everything that was read to compile it is either part of the class, or moves a version that voids it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from binpack.model.selectors import Selector
from binpack.state.classes import PodClass


@dataclass(frozen=True, slots=True)
class DomainTerm:
    """A sum over the domains of a topology key.

    Parameters
    ----------
    key : str
    sum : int
        Its number in `cluster.counts.sums`.
    factor : int
        What one pod in the domain is worth, where it is scored.
    """

    key: str
    sum: int
    factor: int = 1


@dataclass(frozen=True, slots=True)
class HardTerm:
    """A hard spread constraint.

    Parameters
    ----------
    key : str
    sum, vector : int
        Numbers in `cluster.counts.sums`.
    max_skew, self_match, min_domains : int
    """

    key: str
    sum: int
    vector: int
    max_skew: int
    self_match: int
    min_domains: int


@dataclass(frozen=True, slots=True)
class HostTerm:
    """A hard spread constraint by hostname, where each node has a name of its own: pods are counted by row.

    Parameters
    ----------
    column : int
        In `cluster.counts.values`.
    vector : int or None
        In `cluster.counts.sums`: the rows that count; None: all.
    max_skew, self_match, min_domains : int
    """

    column: int
    vector: int | None
    max_skew: int
    self_match: int
    min_domains: int


@dataclass(frozen=True, slots=True)
class SoftTerm:
    """A soft spread constraint.

    Parameters
    ----------
    key : str or None
        None: the hostname, counted by row.
    number : int
        The column of the hostname, or the sum of any other key.
    added : float
        The maximal skew less one.
    """

    key: str | None
    number: int
    added: float


@dataclass(frozen=True, slots=True)
class Extra:
    """A plugin that works out its part itself, for all rows and every decision.

    Parameters
    ----------
    plugin : Any
    weight : int
        0 for a filter.
    """

    plugin: Any
    weight: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """How the pods of a class are decided.

    Parameters
    ----------
    pod_class : PodClass
    shape, static : int
        Slots.
    clear : tuple[int, ...]
        Columns that must be 0 on the row: anti-affinity by hostname, pods with the same host ports.
    near : int or None
        The column that must not be 0 on the row: required affinity by hostname.
    hard : tuple[HardTerm, ...]
    hard_hosts : tuple[HostTerm, ...]
    attract : tuple[DomainTerm, ...]
        Required affinity: every domain needs a pod.
    first_of_group : bool
        The class matches its own required affinity: it may go anywhere while nobody does.
    repel : tuple[DomainTerm, ...]
        Domains with a pod are out.
    soft : tuple[SoftTerm, ...]
        In order: the score is a sum of floats.
    soft_keys : tuple[str, ...]
        The topology keys that a row needs, all of them, to be scored by `soft`; empty where each row has them, or none is needed.
    soft_everywhere : bool
        Each row has all the keys of `soft`.
    prefer : tuple[DomainTerm, ...]
    prefer_hosts : tuple[tuple[int, int], ...]
        Column and factor: affinity that is preferred by hostname.
    filters, scores : tuple[Extra, ...]
        What plugins without cached parts say.
    default_selector : Selector or None
        What the default spread constraints select, as deduced from Services and owners; None if they do not matter.
    """

    pod_class: PodClass
    shape: int
    static: int
    clear: tuple[int, ...] = ()
    near: int | None = None
    hard: tuple[HardTerm, ...] = ()
    hard_hosts: tuple[HostTerm, ...] = ()
    attract: tuple[DomainTerm, ...] = ()
    first_of_group: bool = False
    repel: tuple[DomainTerm, ...] = ()
    soft: tuple[SoftTerm, ...] = ()
    soft_keys: tuple[str, ...] = ()
    soft_everywhere: bool = True
    prefer: tuple[DomainTerm, ...] = ()
    prefer_hosts: tuple[tuple[int, int], ...] = ()
    filters: tuple[Extra, ...] = ()
    scores: tuple[Extra, ...] = ()
    default_selector: Selector | None = None
