"""The run matrix: a suite expanded into runs, each with a key made from all that its result depends on."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.digest import digest_of, file_digest, plugin_digest, source_digest
from benchmarks.fgd.trace import NODE_LIST, cooked_table
from benchmarks.suite import OptimumSpec, PolicySpec, Suite, WorkloadSpec
from binpack.framework.registry import Registry
from binpack.model.base import to_fields
from binpack.plugins import in_tree
from workloads.traces.openb import PUBLISHED, pod_list, trace_folder
from workloads.traces.table import find_table


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run: plain data, so that it can be sent to any worker.

    Parameters
    ----------
    workload, policy
        As in the suite.
    seed : int
    ties : str
    optimum : OptimumSpec or None
    trace_dir : str or None
        Where the traces lie on this machine; no part of the key.
    trace_digest : str
        Of the trace's files; empty for generated workloads.
    sources : str
        Digest of the three packages when the suite was expanded: a worker that finds other sources refuses the run.
    plugins : str
        Digest of the policy's plugins that are no part of the three packages; empty if it has none.
    """

    workload: WorkloadSpec
    policy: PolicySpec
    seed: int
    ties: str
    optimum: OptimumSpec | None
    trace_dir: str | None = None
    trace_digest: str = ""
    sources: str = ""
    plugins: str = ""

    @property
    def label(self) -> str:
        """Name the run for people."""
        return f"{self.workload.name}/{self.policy.name}/{self.seed}"

    @property
    def key(self) -> str:
        """Return 16 hexadecimal digits: equal keys, equal results."""
        return digest_of(
            {
                "workload": to_fields(self.workload),
                "policy": to_fields(self.policy),
                "seed": self.seed,
                "ties": self.ties,
                "optimum": to_fields(self.optimum),
                "trace": self.trace_digest,
                "sources": self.sources,
                "plugins": self.plugins,
            }
        )[:16]


def expand(suite: Suite, *, trace_dir: str | None = None) -> tuple[RunSpec, ...]:
    """Return every run of a suite: by policy, then workload, then seed.

    So runs that ask the solver the same question (one workload and seed under several policies) do not run at the same time, and all but
    the first find the answer in the cache.

    Raises
    ------
    TraceError
        If a workload needs a trace that is not there.
    """
    traces = {workload.name: _trace(workload, trace_dir) for workload in suite.workloads}
    registry = Registry(in_tree())
    plugins = {policy.name: _plugins(policy, registry) for policy in suite.policies}
    return tuple(
        RunSpec(workload, policy, seed, suite.ties, suite.optimum, *traces[workload.name], source_digest(), plugins[policy.name])
        for policy in suite.policies
        for workload in suite.workloads
        for seed in suite.seeds
        if workload.takes(policy, seed)
    )


def _plugins(policy: PolicySpec, registry: Registry) -> str:
    profiles = policy.resolve(registry).profiles
    return plugin_digest((name for profile in profiles for name in profile.plugins.names()), registry)


def _trace(workload: WorkloadSpec, trace_dir: str | None) -> tuple[str | None, str]:
    if workload.filling is not None:
        folder = trace_folder(trace_dir)
        nodes = find_table(folder, f"openb_node_list_{NODE_LIST}", published=PUBLISHED)
        return str(folder), file_digest((nodes, pod_list(folder, workload.filling.pods), cooked_table(folder)))
    if workload.openb is None:
        return None, ""
    folder = trace_folder(trace_dir)
    nodes = find_table(folder, f"openb_node_list_{workload.openb.nodes}", published=PUBLISHED)
    files = (nodes, pod_list(folder, workload.openb.pods))
    return str(folder), file_digest(files)
