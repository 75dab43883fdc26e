"""Reads the annotations of a workload model, and reports everything in them that cannot be understood, each with its path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from binpack.control.node.workload_format import ALWAYS, Behaviour, ContainerBehaviour, ImageBehaviour, UsageStep, WorkloadDocument
from binpack.control.node.workload_model import (
    DURATION,
    EXIT_CODE,
    STOP_DURATION,
    WORKLOAD,
    ContainerModel,
    FailingProbe,
    RunModel,
    Steps,
    WorkloadModel,
)
from binpack.errors import ManifestError
from binpack.model.duration import parse_duration_ns
from binpack.model.requests import CPU
from binpack.model.selectors import parse_int64
from binpack.model.strict import decode_strictly
from binpack.model.yaml import load_documents

RESOURCES = (CPU, "ephemeral-storage", "memory", "pids")

_NS_PER_US = 1000
_EXIT_CODES = range(256)


def read_model(annotations: Mapping[str, str | None]) -> tuple[WorkloadModel, tuple[str, ...]]:
    """Read the four annotations; None stands for one that is not there.

    Returns
    -------
    model, errors
        Without errors the model is right.
    """
    reading = _Reading()
    code = annotations[EXIT_CODE]
    simple = RunModel(
        duration_us=reading.duration(f"metadata.annotations[{DURATION}]", annotations[DURATION], None),
        exit_code=0 if code is None else reading.exit_code(f"metadata.annotations[{EXIT_CODE}]", parse_int64(code), code),
    )
    stop_us = reading.duration(f"metadata.annotations[{STOP_DURATION}]", annotations[STOP_DURATION], simple.stop_us)
    simple = replace(simple, stop_us=stop_us if stop_us is not None else simple.stop_us)
    text = annotations[WORKLOAD]
    model = WorkloadModel(ContainerModel((simple,))) if text is None else reading.document(text, simple)
    return model, tuple(reading.errors)


@dataclass(slots=True)
class _Reading:
    errors: list[str] = field(default_factory=list)

    def document(self, text: str, simple: RunModel) -> WorkloadModel:
        path = f"metadata.annotations[{WORKLOAD}]"
        try:
            documents = load_documents(text, path)
        except ManifestError as error:
            self.errors.append(str(error))
            return WorkloadModel()
        if len(documents) != 1:
            self.errors.append(f"{path}: {len(documents)} documents (accepted: one YAML mapping)")
            return WorkloadModel()
        decoded = decode_strictly(_with_steps(documents[0]), WorkloadDocument, path=path)
        self.errors.extend(str(error) for error in decoded.errors)
        if decoded.value is None:
            return WorkloadModel()
        main = self._container(path, decoded.value, ContainerModel((simple,)))
        named = {
            name: self._container(f"{path}.containers[{name}]", behaviour, ContainerModel())
            for name, behaviour in decoded.value.containers.items()
        }
        return WorkloadModel(main, named)

    def _container(self, path: str, behaviour: ContainerBehaviour, general: ContainerModel) -> ContainerModel:
        base = self._run(path, behaviour, general.runs[0])
        runs = tuple(self._run(f"{path}.runs[{number}]", one, base) for number, one in enumerate(behaviour.runs))
        image_bytes, pull_failures = self._image(f"{path}.image", behaviour.image, general)
        return ContainerModel(runs or (base,), image_bytes, pull_failures)

    def _image(self, path: str, image: ImageBehaviour | None, general: ContainerModel) -> tuple[int | None, int | None]:
        if image is None:
            return general.image_bytes, general.pull_failures
        failures = image.pull_failures
        if isinstance(failures, int) and failures < 0:
            self.errors.append(f"{path}.pullFailures: {failures} is negative (accepted: a number from 0, or {ALWAYS})")
        if image.size is not None and image.size.nanos < 0:
            self.errors.append(f'{path}.size: "{image.size}" is negative (accepted: quantities from 0)')
        return None if image.size is None else image.size.ceil_units(), None if isinstance(failures, str) else failures

    def _run(self, path: str, behaviour: Behaviour, general: RunModel) -> RunModel:
        code = behaviour.exit_code
        failing = behaviour.probe_failures
        return RunModel(
            duration_us=self.duration(f"{path}.duration", behaviour.duration, general.duration_us),
            exit_code=general.exit_code if code is None else self.exit_code(f"{path}.exitCode", code, code),
            start_us=self._length(f"{path}.startDuration", behaviour.start_duration, general.start_us),
            stop_us=self._length(f"{path}.stopDuration", behaviour.stop_duration, general.stop_us),
            pre_stop_us=self._length(f"{path}.preStopDuration", behaviour.pre_stop_duration, general.pre_stop_us),
            failing=general.failing if failing is None else self._failures(f"{path}.probeFailures", failing),
            usage=general.usage if behaviour.usage is None else self._usage(f"{path}.usage", behaviour.usage),
        )

    def _failures(self, path: str, given: Sequence[Any]) -> tuple[FailingProbe, ...]:
        failures = []
        for number, one in enumerate(given):
            after_us = self._length(f"{path}[{number}].after", one.after, 0)
            until_us = self.duration(f"{path}[{number}].until", one.until, None)
            if until_us is not None and until_us <= after_us:
                self.errors.append(f'{path}[{number}].until: "{one.until}" is not later than after, "{one.after}"')
            failures.append(FailingProbe(one.probe, after_us, until_us))
        return tuple(failures)

    def _usage(self, path: str, given: Mapping[str, Sequence[UsageStep]]) -> tuple[tuple[str, Steps], ...]:
        usage = []
        for resource, steps in sorted(given.items()):
            where = f"{path}[{resource}]"
            if resource not in RESOURCES:
                self.errors.append(f'{where}: "{resource}" is not a resource whose use is modelled (accepted: {", ".join(RESOURCES)})')
            pairs: list[tuple[int, int]] = []
            for number, step in enumerate(steps):
                after_us = self._length(f"{where}[{number}].after", step.after, 0)
                if pairs and after_us <= pairs[-1][0]:
                    self.errors.append(f'{where}[{number}].after: "{step.after}" is not later than that of the step before it')
                if step.amount.nanos < 0:
                    self.errors.append(f'{where}[{number}].amount: "{step.amount}" is negative (accepted: quantities from 0)')
                pairs.append((after_us, step.amount.ceil_milli() if resource == CPU else step.amount.ceil_units()))
            usage.append((resource, tuple(pairs)))
        return tuple(usage)

    def exit_code(self, path: str, code: int | None, written: object) -> int:
        if code is None or code not in _EXIT_CODES:
            self.errors.append(f'{path}: "{written}" is not an exit code (accepted: "0" to "255")')
            return 0
        return code

    def duration(self, path: str, text: str | None, otherwise: int | None) -> int | None:
        if text is None:
            return otherwise
        try:
            microseconds = parse_duration_ns(text) // _NS_PER_US
        except ValueError as error:
            self.errors.append(f"{path}: {error}")
            return otherwise
        if microseconds < 0:
            self.errors.append(f'{path}: "{text}" is negative (accepted: durations from 0s)')
        return microseconds

    def _length(self, path: str, text: str | None, otherwise: int) -> int:
        microseconds = self.duration(path, text, otherwise)
        return otherwise if microseconds is None else microseconds


def _with_steps(data: Any) -> Any:
    """Write a bare amount of a usage as the one step that it stands for."""
    if isinstance(data, list):
        return [_with_steps(entry) for entry in data]
    if not isinstance(data, dict):
        return data
    return {
        key: {
            name: steps if isinstance(steps, list) else [steps if isinstance(steps, dict) else {"amount": steps}]
            for name, steps in entry.items()
        }
        if key == "usage" and isinstance(entry, dict)
        else _with_steps(entry)
        for key, entry in data.items()
    }
