"""ResourceQuotas, LimitRanges, CronJobs, and what goes together in Jobs and DaemonSets; after pkg/apis/*/validation tests, v1.35."""

from __future__ import annotations

import pytest

from binpack.model.meta import LabelSelector, ObjectMeta
from binpack.model.policy import LimitRange, LimitRangeItem, LimitRangeSpec, ResourceQuota, ResourceQuotaSpec
from binpack.model.quantity import Quantity
from binpack.model.validation import validate
from binpack.model.workloads import (
    CronJob,
    CronJobSpec,
    DaemonSet,
    DaemonSetSpec,
    Job,
    JobSpec,
    JobTemplateSpec,
    PodFailurePolicy,
    RollingUpdate,
    WorkloadUpdateStrategy,
)
from binpack.testing import pod

META = ObjectMeta(name="x", namespace="default")


def amounts(**values):
    return {name.replace("_", "."): Quantity.parse(value) for name, value in values.items()}


def quota(*scopes, **hard):
    return ResourceQuota(metadata=META, spec=ResourceQuotaSpec(amounts(**hard), scopes))


def limits(kind="Container", **bounds):
    return LimitRange(metadata=META, spec=LimitRangeSpec((LimitRangeItem(kind, **bounds),)))


def rolling(**amounts_):
    strategy = WorkloadUpdateStrategy("RollingUpdate", RollingUpdate(**amounts_))
    template = pod().label(app="x").template()
    return DaemonSet(metadata=META, spec=DaemonSetSpec(LabelSelector({"app": "x"}), template, strategy))


def a_job(policy="Never", **fields):
    return Job(metadata=META, spec=JobSpec(template=pod().restarts(policy).template(), **fields))


def cron(name="x", **fields):
    spec = CronJobSpec(**{"schedule": "* * * * *", "job_template": JobTemplateSpec(spec=a_job().spec), **fields})
    return CronJob(metadata=ObjectMeta(name=name, namespace="default"), spec=spec)


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (quota(requests_cpu="1", pods="2"), []),
        (quota(cpus="1"), ['spec.hard[cpus]: Invalid value: "cpus": must be a standard resource for quotas']),
        (quota(pods="-1"), ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0']),
        (quota("BestEffort", cpu="1"), ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource']),
        (
            quota("Terminating", "NotTerminating", pods="1"),
            ['spec.scopes: Invalid value: ["Terminating", "NotTerminating"]: conflicting scopes'],
        ),
        (quota("Odd", pods="1"), ['spec.scopes: Invalid value: ["Odd"]: unsupported scope']),
        (limits(min=amounts(cpu="1"), max=amounts(cpu="2")), []),
        (
            limits(min=amounts(cpu="2"), max=amounts(cpu="1"), default=amounts(cpu="2")),
            [
                'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
                'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than max value 1',
                'spec.limits[0].default[cpu]: Invalid value: "2": default value 2 is greater than max value 1',
            ],
        ),
        (limits("Pod", default=amounts(cpu="1")), ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"]),
        (
            limits("PersistentVolumeClaim"),
            ["spec.limits[0]: Required value: either minimum or maximum storage value is required, but neither was provided"],
        ),
        (
            limits(max_limit_request_ratio=amounts(cpu="500m")),
            ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'],
        ),
        (rolling(max_surge=1, max_unavailable=0), []),
        (
            rolling(max_surge=0, max_unavailable=0),
            ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
        ),
        (
            rolling(max_surge=1, max_unavailable=1),
            ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"],
        ),
        (a_job(), []),
        (a_job(backoff_limit_per_index=1), ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]),
        (
            a_job("OnFailure", pod_failure_policy=PodFailurePolicy()),
            ['spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified'],
        ),
        (
            a_job(completion_mode="Indexed", completions=2, max_failed_indexes=1),
            ["spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"],
        ),
        (cron(), []),
        (cron("x" * 53), [f'metadata.name: Invalid value: "{"x" * 53}": must be no more than 52 characters']),
        (cron(schedule=""), ["spec.schedule: Required value"]),
        (
            cron(concurrency_policy="Maybe"),
            ['spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"'],
        ),
    ],
)
def test_validation(value, messages):
    assert [str(error) for error in validate(value)] == messages
