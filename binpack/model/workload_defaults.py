"""Defaults of the workload kinds.

Source: pkg/apis/apps/v1/defaults.go, pkg/apis/batch/v1/defaults.go and pkg/apis/core/v1/defaults.go, v1.35.
"""

from __future__ import annotations

from binpack.model.base import replace
from binpack.model.pod_defaults import default_claim_spec, default_template, mapped
from binpack.model.workloads import (
    ClaimRetentionPolicy,
    ClaimTemplate,
    CronJob,
    DaemonSet,
    Deployment,
    DeploymentStrategy,
    Job,
    ReplicaSet,
    ReplicationController,
    RollingUpdate,
    StatefulSet,
    WorkloadUpdateStrategy,
)

DEFAULT_ROLLING_PERCENTAGE = "25%"
DEFAULT_REVISION_HISTORY_LIMIT = 10
DEFAULT_PROGRESS_DEADLINE_SECONDS = 600
DEFAULT_BACKOFF_LIMIT = 6
NO_BACKOFF_LIMIT = (1 << 31) - 1
DEFAULT_SUCCESSFUL_JOBS_HISTORY_LIMIT = 3
DEFAULT_FAILED_JOBS_HISTORY_LIMIT = 1


def default_deployment(deployment: Deployment) -> Deployment:
    """Fill in replicas, strategy, history limit, progress deadline and the template's defaults."""
    spec = deployment.spec
    history, deadline = spec.revision_history_limit, spec.progress_deadline_seconds
    defaulted = replace(
        spec,
        replicas=1 if spec.replicas is None else spec.replicas,
        strategy=_default_strategy(spec.strategy),
        revision_history_limit=DEFAULT_REVISION_HISTORY_LIMIT if history is None else history,
        progress_deadline_seconds=DEFAULT_PROGRESS_DEADLINE_SECONDS if deadline is None else deadline,
        template=default_template(spec.template),
    )
    return deployment if defaulted == spec else replace(deployment, spec=defaulted)


def default_replica_set(replica_set: ReplicaSet) -> ReplicaSet:
    """Fill in replicas and the template's defaults."""
    spec = replica_set.spec
    replicas = 1 if spec.replicas is None else spec.replicas
    defaulted = replace(spec, replicas=replicas, template=default_template(spec.template))
    return replica_set if defaulted == spec else replace(replica_set, spec=defaulted)


def default_replication_controller(controller: ReplicationController) -> ReplicationController:
    """Fill in replicas and, from the template's labels, an absent selector and absent labels."""
    spec, meta = controller.spec, controller.metadata
    template = None if spec.template is None else default_template(spec.template)
    labels = {} if template is None else template.metadata.labels
    replicas = 1 if spec.replicas is None else spec.replicas
    defaulted = replace(spec, replicas=replicas, template=template, selector=spec.selector or labels or None)
    if not meta.labels and labels:
        meta = replace(meta, labels=labels)
    if defaulted == spec and meta is controller.metadata:
        return controller
    return replace(controller, metadata=meta, spec=defaulted)


def default_stateful_set(stateful_set: StatefulSet) -> StatefulSet:
    """Fill in replicas, pod management, update strategy, history limit, what becomes of claims, and the templates' defaults."""
    spec = stateful_set.spec
    history, policy = spec.revision_history_limit, spec.persistent_volume_claim_retention_policy or ClaimRetentionPolicy()
    defaulted = replace(
        spec,
        replicas=1 if spec.replicas is None else spec.replicas,
        pod_management_policy=spec.pod_management_policy or "OrderedReady",
        update_strategy=_default_stateful_strategy(spec.update_strategy),
        revision_history_limit=DEFAULT_REVISION_HISTORY_LIMIT if history is None else history,
        persistent_volume_claim_retention_policy=ClaimRetentionPolicy(policy.when_deleted or "Retain", policy.when_scaled or "Retain"),
        template=default_template(spec.template),
        volume_claim_templates=mapped(spec.volume_claim_templates, _default_claim_template),
    )
    return stateful_set if defaulted == spec else replace(stateful_set, spec=defaulted)


def default_daemon_set(daemon_set: DaemonSet) -> DaemonSet:
    """Fill in the update strategy, the history limit and the template's defaults."""
    spec = daemon_set.spec
    history = spec.revision_history_limit
    defaulted = replace(
        spec,
        update_strategy=_default_daemon_strategy(spec.update_strategy),
        revision_history_limit=DEFAULT_REVISION_HISTORY_LIMIT if history is None else history,
        template=default_template(spec.template),
    )
    return daemon_set if defaulted == spec else replace(daemon_set, spec=defaulted)


def default_cron_job(cron_job: CronJob) -> CronJob:
    """Fill in the concurrency policy, the history limits and the pod template's defaults; the Job's own come when it is created."""
    spec, job = cron_job.spec, cron_job.spec.job_template.spec
    successful, failed = spec.successful_jobs_history_limit, spec.failed_jobs_history_limit
    template = default_template(job.template)
    defaulted = replace(
        spec,
        concurrency_policy=spec.concurrency_policy or "Allow",
        successful_jobs_history_limit=DEFAULT_SUCCESSFUL_JOBS_HISTORY_LIMIT if successful is None else successful,
        failed_jobs_history_limit=DEFAULT_FAILED_JOBS_HISTORY_LIMIT if failed is None else failed,
        job_template=spec.job_template if template is job.template else replace(spec.job_template, spec=replace(job, template=template)),
    )
    return cron_job if defaulted == spec else replace(cron_job, spec=defaulted)


def default_job(job: Job) -> Job:
    """Fill in how many pods run and are wanted, the back-off limit, completion mode, replacement policy and the labels."""
    spec, meta = job.spec, job.metadata
    one_pod = spec.completions is None and spec.parallelism is None
    backoff_limit = DEFAULT_BACKOFF_LIMIT if spec.backoff_limit_per_index is None else NO_BACKOFF_LIMIT
    replacement = "TerminatingOrFailed" if spec.pod_failure_policy is None else "Failed"
    defaulted = replace(
        spec,
        parallelism=1 if spec.parallelism is None else spec.parallelism,
        completions=1 if one_pod else spec.completions,
        backoff_limit=backoff_limit if spec.backoff_limit is None else spec.backoff_limit,
        completion_mode=spec.completion_mode or "NonIndexed",
        pod_replacement_policy=spec.pod_replacement_policy or replacement,
        template=default_template(spec.template),
    )
    if not meta.labels and spec.template.metadata.labels:
        meta = replace(meta, labels=spec.template.metadata.labels)
    return job if defaulted == spec and meta is job.metadata else replace(job, metadata=meta, spec=defaulted)


def _default_strategy(strategy: DeploymentStrategy) -> DeploymentStrategy:
    kind = strategy.type or "RollingUpdate"
    if kind != "RollingUpdate":
        return strategy
    rolling = strategy.rolling_update or RollingUpdate()
    surge, unavailable = rolling.max_surge, rolling.max_unavailable
    rolling = replace(
        rolling,
        max_surge=DEFAULT_ROLLING_PERCENTAGE if surge is None else surge,
        max_unavailable=DEFAULT_ROLLING_PERCENTAGE if unavailable is None else unavailable,
    )
    return DeploymentStrategy(type=kind, rolling_update=rolling)


def _default_stateful_strategy(strategy: WorkloadUpdateStrategy) -> WorkloadUpdateStrategy:
    """Without a type the strategy is RollingUpdate with the partition 0; given as RollingUpdate alone it keeps having no partition."""
    rolling = strategy.rolling_update
    if not strategy.type:
        rolling = rolling or RollingUpdate()
    if strategy.type in ("", "RollingUpdate") and rolling is not None and rolling.partition is None:
        rolling = replace(rolling, partition=0)
    return WorkloadUpdateStrategy(strategy.type or "RollingUpdate", rolling)


def _default_daemon_strategy(strategy: WorkloadUpdateStrategy) -> WorkloadUpdateStrategy:
    kind = strategy.type or "RollingUpdate"
    if kind != "RollingUpdate":
        return strategy
    rolling = strategy.rolling_update or RollingUpdate()
    surge, unavailable = rolling.max_surge, rolling.max_unavailable
    rolling = replace(rolling, max_surge=0 if surge is None else surge, max_unavailable=1 if unavailable is None else unavailable)
    return WorkloadUpdateStrategy(kind, rolling)


def _default_claim_template(template: ClaimTemplate) -> ClaimTemplate:
    spec = default_claim_spec(template.spec)
    return template if spec is template.spec else replace(template, spec=spec)
