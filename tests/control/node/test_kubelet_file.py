"""KubeletConfiguration files: what is acted on, what is named as ignored, what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from binpack.control.node.configuration import HARD_THRESHOLDS, KubeletConfiguration
from binpack.control.node.kubelet_fields import IGNORED_FIELDS, KubeletConfigurationFile
from binpack.control.node.kubelet_file import UNLIMITED_PULLS, read_kubelet_configuration
from binpack.control.node.node_pressure import Amount, Threshold
from binpack.errors import ConfigurationError
from binpack.units import GIB, MIB, US_PER_MINUTE, US_PER_S

HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"


def read(folder: Path, text: str) -> tuple[KubeletConfiguration, tuple[str, ...]]:
    path = folder / "kubelet.yaml"
    path.write_text(HEAD + text)
    return read_kubelet_configuration(path)


def test_what_is_not_said_is_as_kubernetes_has_it(tmp_path):
    configuration, ignored = read(tmp_path, "")
    assert configuration == KubeletConfiguration(max_parallel_image_pulls=UNLIMITED_PULLS)
    assert ignored == ()


def test_a_whole_file(tmp_path):
    configuration, ignored = read(
        tmp_path,
        """
maxPods: 30
serializeImagePulls: false
maxParallelImagePulls: 3
imageGCHighThresholdPercent: 70
imageGCLowThresholdPercent: 60
imageMinimumGCAge: 5m
kubeReserved: {cpu: 100m, memory: 1Gi}
systemReserved: {cpu: "0.2", ephemeral-storage: 2Gi}
evictionHard: {memory.available: 500Mi, nodefs.available: 5%, imagefs.available: 0%}
evictionSoft: {memory.available: 1Gi}
evictionSoftGracePeriod: {memory.available: 90s}
evictionMinimumReclaim: {memory.available: 100Mi}
evictionMaxPodGracePeriod: 20
evictionPressureTransitionPeriod: 1m
crashLoopBackOff: {maxContainerRestartPeriod: 10s}
shutdownGracePeriod: 30s
clusterDNS: [10.0.0.10]
""",
    )
    reclaim = Amount(100 * MIB)
    assert configuration == KubeletConfiguration(
        max_pods=30,
        serialize_image_pulls=False,
        max_parallel_image_pulls=3,
        image_gc_high_percent=70,
        image_gc_low_percent=60,
        image_minimum_age_us=5 * US_PER_MINUTE,
        kube_reserved={"cpu": 100, "memory": GIB},
        system_reserved={"cpu": 200, "ephemeral-storage": 2 * GIB},
        eviction=(
            Threshold("memory.available", Amount(500 * MIB), reclaim),
            Threshold("allocatableMemory.available", Amount(500 * MIB), reclaim),
            Threshold("nodefs.available", Amount(share=0.05)),
            Threshold("memory.available", Amount(GIB), reclaim, 90 * US_PER_S),
        ),
        eviction_max_pod_grace_seconds=20,
        pressure_transition_us=US_PER_MINUTE,
        max_restart_backoff_us=10 * US_PER_S,
    )
    assert ignored == ("shutdownGracePeriod", "clusterDNS")


@pytest.mark.parametrize(
    ("why", "text", "serializes", "places"),
    [
        ("serial by default", "", True, UNLIMITED_PULLS),
        ("a limit above one means parallel", "maxParallelImagePulls: 4", False, 4),
        ("a limit of one is serial", "maxParallelImagePulls: 1", True, 1),
        ("parallel without a limit", "serializeImagePulls: false", False, UNLIMITED_PULLS),
    ],
)
def test_pulls(tmp_path, why, text, serializes, places):
    configuration, _ = read(tmp_path, text)
    assert (configuration.serialize_image_pulls, configuration.max_parallel_image_pulls) == (serializes, places), why


def test_hard_thresholds_replace_the_defaults_unless_they_are_to_be_merged(tmp_path):
    only, _ = read(tmp_path, "evictionHard: {nodefs.available: 1Gi}")
    assert only.eviction == (Threshold("nodefs.available", Amount(GIB)),)
    # What is kept free is no longer offered, as soon as somebody says how much.
    assert (only.kube_reserved, only.system_reserved) == ({}, None)
    merged, _ = read(tmp_path, "evictionHard: {nodefs.available: 1Gi}\nmergeDefaultEvictionSettings: true")
    others = {one.signal for one in HARD_THRESHOLDS}
    assert {one.signal for one in merged.eviction} == others
    assert next(one.value for one in merged.eviction if one.signal == "nodefs.available") == Amount(GIB)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("maxPod: 3", "maxPod: unknown field (did you mean maxPods?)"),
        ("maxPods: -1", "maxPods: -1 (accepted: whole numbers from 0)"),
        ("maxPods: many", "maxPods: "),
        ("kubeReserved: {cpu: lots}", 'kubeReserved[cpu]: "lots"'),
        ("kubeReserved: {nvidia.com/gpu: '1'}", "kubeReserved[nvidia.com/gpu]: cannot be reserved (accepted: cpu, memory, "),
        ("systemReserved: {cpu: '-1'}", 'systemReserved[cpu]: "-1" (accepted: quantities from 0)'),
        ("evictionHard: {disk: 5%}", "evictionHard[disk]: unknown signal (accepted: memory.available, "),
        ("evictionHard: {memory.available: '0'}", 'evictionHard[memory.available]: "0" (accepted: a quantity above 0'),
        ("evictionHard: {memory.available: 120%}", 'evictionHard[memory.available]: "120%" (accepted: a quantity, or 0% to 100%)'),
        (
            "evictionSoft: {memory.available: 1Gi}",
            "evictionSoft[memory.available]: no grace period (accepted: one in evictionSoftGracePeriod",
        ),
        ("evictionPressureTransitionPeriod: soon", 'evictionPressureTransitionPeriod: "soon" is not a duration'),
        ("imageGCHighThresholdPercent: 101", "imageGCHighThresholdPercent: 101 (accepted: 0 to 100)"),
        ("imageGCLowThresholdPercent: 90", "imageGCLowThresholdPercent: 90 (accepted: less than imageGCHighThresholdPercent, 85)"),
        ("{serializeImagePulls: true, maxParallelImagePulls: 2}", "maxParallelImagePulls: 2 (accepted: 1, as serializeImagePulls is true)"),
        ("maxParallelImagePulls: 0", "maxParallelImagePulls: 0 (accepted: whole numbers from 1)"),
        ("crashLoopBackOff: {maxContainerRestartPeriod: 1h}", 'crashLoopBackOff.maxContainerRestartPeriod: "1h" (accepted: 1s to 300s)'),
    ],
)
def test_what_is_wrong_is_said_with_file_and_path(tmp_path, text, message):
    path = tmp_path / "kubelet.yaml"
    body = text.strip("{}").replace(", max", "\nmax") if text.startswith("{") else text
    path.write_text(HEAD + body)
    with pytest.raises(ConfigurationError) as caught:
        read_kubelet_configuration(path)
    assert f"{path}: {message}" in str(caught.value)


def test_another_kind_of_file(tmp_path):
    (tmp_path / "k.yaml").write_text("apiVersion: v1\nkind: Pod\n")
    with pytest.raises(ConfigurationError, match=r'kind: "Pod" \(accepted: "KubeletConfiguration"\)'):
        read_kubelet_configuration(tmp_path / "k.yaml")
    with pytest.raises(ConfigurationError, match=r"none\.yaml"):
        read_kubelet_configuration(tmp_path / "none.yaml")


def test_no_field_is_both_acted_on_and_ignored():
    assert IGNORED_FIELDS.isdisjoint(KubeletConfigurationFile.__struct_encode_fields__)
