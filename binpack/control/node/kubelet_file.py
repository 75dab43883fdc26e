"""Reads a KubeletConfiguration (kubelet.config.k8s.io/v1beta1), as far as kubelets are modelled here; the rest is named.

Source: staging/src/k8s.io/kubelet/config/v1beta1/types.go, pkg/kubelet/apis/config/v1beta1/defaults.go, .../validation/validation.go and
pkg/kubelet/eviction/helpers.go (ParseThresholdConfig), v1.35.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from binpack.control.node.configuration import HARD_THRESHOLDS, KubeletConfiguration
from binpack.control.node.kubelet_fields import IGNORED_FIELDS, KubeletConfigurationFile
from binpack.control.node.node_pressure import RESOURCE_OF_SIGNAL, Amount, Threshold
from binpack.errors import ConfigurationError, ManifestError
from binpack.framework.configuration import parse_document
from binpack.model.duration import parse_duration_ns
from binpack.model.field_errors import FieldError
from binpack.model.files import read_bytes
from binpack.model.quantity import Quantity
from binpack.model.requests import CPU, EPHEMERAL_STORAGE, MEMORY
from binpack.model.strict import decode_strictly
from binpack.units import US_PER_S

API_VERSION, KIND = "kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"
UNLIMITED_PULLS = 256
"""How many pulls at a time stand for no limit: more than a node has pods."""
_RESERVABLE = (CPU, MEMORY, EPHEMERAL_STORAGE, "pid")
_SIGNALS = tuple(signal for signal in RESOURCE_OF_SIGNAL if signal != "allocatableMemory.available")
_MAX_BACKOFF_US = 300 * US_PER_S


def read_kubelet_configuration(path: str | Path) -> tuple[KubeletConfiguration, tuple[str, ...]]:
    """Read the file of a kubelet's configuration.

    Returns
    -------
    KubeletConfiguration, tuple of str
        And the fields of the file that this toolkit knows and does not act on.

    Raises
    ------
    ConfigurationError
        One line a problem: the file, the field's path, the value seen and what is accepted.
    """
    source = str(path)
    try:
        text = read_bytes(Path(path)).decode()
    except ManifestError as error:
        raise ConfigurationError(str(error)) from None
    document = parse_document(text, source=source, kind=KIND)
    ignored: tuple[str, ...] = ()
    if isinstance(document, dict):
        ignored = tuple(name for name in document if name in IGNORED_FIELDS)
        document = {name: value for name, value in document.items() if name not in IGNORED_FIELDS}
    decoded = decode_strictly(document, KubeletConfigurationFile)
    errors = list(decoded.errors)
    if decoded.value is not None:
        reader = _Reader(decoded.value)
        configuration = reader.read()
        errors += reader.errors
    if errors or decoded.value is None:
        raise ConfigurationError(*(f"{source}: {error}" for error in errors))
    return configuration, ignored


class _Reader:
    """Turns a decoded file into what kubelets here go by, and gathers what is wrong with it."""

    def __init__(self, file: KubeletConfigurationFile) -> None:
        self._file = file
        self.errors: list[FieldError] = []

    def read(self) -> KubeletConfiguration:
        file, defaults = self._file, KubeletConfiguration()
        for name, seen, accepted in (("apiVersion", file.api_version, API_VERSION), ("kind", file.kind, KIND)):
            if seen != accepted:
                self._refuse(name, f'"{seen}" (accepted: "{accepted}")')
        if file.max_pods is not None and file.max_pods < 0:
            self._refuse("maxPods", f"{file.max_pods} (accepted: whole numbers from 0)")
        kube, system = self._reserved("kubeReserved", file.kube_reserved), self._reserved("systemReserved", file.system_reserved)
        if file.eviction_hard is not None and kube is None and system is None:
            kube = {}  # hard thresholds are kept free, and so part of what nodes do not offer
        serializes, places = self._pulls()
        self._check_image_collection()
        return KubeletConfiguration(
            max_pods=file.max_pods,
            serialize_image_pulls=serializes,
            max_parallel_image_pulls=places,
            image_gc_high_percent=file.image_gc_high_threshold_percent,
            image_gc_low_percent=file.image_gc_low_threshold_percent,
            image_minimum_age_us=self._duration("imageMinimumGCAge", file.image_minimum_gc_age, defaults.image_minimum_age_us),
            kube_reserved=kube,
            system_reserved=system,
            eviction=tuple(self._thresholds()),
            eviction_max_pod_grace_seconds=file.eviction_max_pod_grace_period,
            pressure_transition_us=self._duration(
                "evictionPressureTransitionPeriod", file.eviction_pressure_transition_period, defaults.pressure_transition_us
            ),
            max_restart_backoff_us=self._restart_backoff(defaults.max_restart_backoff_us),
        )

    def _reserved(self, path: str, given: dict[str, Any] | None) -> dict[str, int] | None:
        """Read milli-cores and bytes; None if nothing is said."""
        if given is None:
            return None
        reserved: dict[str, int] = {}
        for name, text in given.items():
            place = f"{path}[{name}]"
            if name not in _RESERVABLE:
                self._refuse(place, f"cannot be reserved (accepted: {', '.join(_RESERVABLE)})")
                continue
            quantity = self._quantity(place, text)
            if quantity is not None and quantity.ceil_milli() < 0:
                self._refuse(place, f'"{text}" (accepted: quantities from 0)')
            elif quantity is not None:
                reserved[name] = quantity.ceil_milli() if name == CPU else quantity.ceil_units()
        return reserved

    def _pulls(self) -> tuple[bool, int]:
        """Return whether pulls are one at a time, and how many are at a time otherwise."""
        file = self._file
        places = file.max_parallel_image_pulls
        serializes = file.serialize_image_pulls if file.serialize_image_pulls is not None else places is None or places < 2
        if places is not None and places < 1:
            self._refuse("maxParallelImagePulls", f"{places} (accepted: whole numbers from 1)")
        elif serializes and places is not None and places > 1:
            self._refuse("maxParallelImagePulls", f"{places} (accepted: 1, as serializeImagePulls is true)")
        return serializes, UNLIMITED_PULLS if places is None else min(places, UNLIMITED_PULLS)

    def _check_image_collection(self) -> None:
        high, low = self._file.image_gc_high_threshold_percent, self._file.image_gc_low_threshold_percent
        for name, percent in (("imageGCHighThresholdPercent", high), ("imageGCLowThresholdPercent", low)):
            if not 0 <= percent <= 100:
                self._refuse(name, f"{percent} (accepted: 0 to 100)")
        if low >= high:
            self._refuse("imageGCLowThresholdPercent", f"{low} (accepted: less than imageGCHighThresholdPercent, {high})")

    def _restart_backoff(self, default_us: int) -> int:
        path = "crashLoopBackOff.maxContainerRestartPeriod"
        limit_us = self._duration(path, self._file.crash_loop_back_off.max_container_restart_period, default_us)
        if not US_PER_S <= limit_us <= _MAX_BACKOFF_US:
            self._refuse(path, f'"{self._file.crash_loop_back_off.max_container_restart_period}" (accepted: 1s to 300s)')
        return limit_us

    # Eviction

    def _thresholds(self) -> list[Threshold]:
        """Return hard thresholds, then soft ones. One of memory also holds for what all pods together may use."""
        file = self._file
        reclaims = {
            signal: self._amount(f"evictionMinimumReclaim[{signal}]", text) for signal, text in file.eviction_minimum_reclaim.items()
        }
        found: list[Threshold] = []
        if file.eviction_hard is None:
            found += [Threshold(one.signal, one.value, reclaims.get(one.signal)) for one in HARD_THRESHOLDS]
        else:
            found += self._hard(file.eviction_hard, reclaims)
        for signal, text in file.eviction_soft.items():
            path = f"evictionSoft[{signal}]"
            value = self._threshold(path, signal, text)
            grace = file.eviction_soft_grace_period.get(signal)
            if grace is None:
                self._refuse(path, f"no grace period (accepted: one in evictionSoftGracePeriod[{signal}])")
            grace_us = self._duration(f"evictionSoftGracePeriod[{signal}]", grace, US_PER_S)
            if value is not None:
                found.append(Threshold(signal, value, reclaims.get(signal), max(grace_us, 1)))
        return found

    def _hard(self, given: dict[str, str], reclaims: dict[str, Amount | None]) -> list[Threshold]:
        """Read hard thresholds: the ones given, and only if the file wants it the defaults of the others."""
        values = {signal: self._threshold(f"evictionHard[{signal}]", signal, text) for signal, text in given.items()}
        if self._file.merge_default_eviction_settings:
            defaults: dict[str, Amount | None] = {one.signal: one.value for one in HARD_THRESHOLDS if one.signal in _SIGNALS}
            values = defaults | values
        found = []
        for signal, value in values.items():
            if value is None:
                continue
            found.append(Threshold(signal, value, reclaims.get(signal)))
            if signal == "memory.available":
                found.append(Threshold("allocatableMemory.available", value, reclaims.get(signal)))
        return found

    def _threshold(self, path: str, signal: str, text: str) -> Amount | None:
        """Read a threshold; None for one that is switched off by 0% or 100%."""
        if signal not in _SIGNALS:
            self._refuse(path, f"unknown signal (accepted: {', '.join(_SIGNALS)})")
        if text in ("0%", "100%"):
            return None
        amount = self._amount(path, text)
        if amount is not None and amount.share is None and amount.units <= 0:
            self._refuse(path, f'"{text}" (accepted: a quantity above 0, or a percentage)')
        return amount

    def _amount(self, path: str, text: str) -> Amount | None:
        if not text.endswith("%"):
            quantity = self._quantity(path, text)
            return None if quantity is None else Amount(quantity.ceil_units())
        try:
            percent = float(text[:-1])
        except ValueError:
            percent = -1.0
        if not 0 <= percent <= 100:
            self._refuse(path, f'"{text}" (accepted: a quantity, or 0% to 100%)')
        return Amount(share=percent / 100)

    # Values

    def _quantity(self, path: str, text: Any) -> Quantity | None:
        try:
            return Quantity.parse(text)
        except ValueError as error:
            self._refuse(path, str(error))
            return None

    def _duration(self, path: str, text: str | None, default_us: int) -> int:
        """Read microseconds; nothing and 0 mean the default, as in the kubelet."""
        if text is None:
            return default_us
        try:
            duration_us = parse_duration_ns(text) // 1000
        except ValueError as error:
            self._refuse(path, str(error))
            return default_us
        if duration_us < 0:
            self._refuse(path, f'"{text}" (accepted: durations from 0s)')
        return duration_us or default_us

    def _refuse(self, path: str, problem: str) -> None:
        self.errors.append(FieldError(path, problem))
