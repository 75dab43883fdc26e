"""What a container needs before it can be started: its image.

Source: pkg/kubelet/images/image_manager.go (EnsureImageExists), v1.35.
"""

from __future__ import annotations

from collections.abc import Iterable

from binpack.control.clock import Clock
from binpack.control.node.configuration import KubeletConfiguration
from binpack.control.node.images import always_pulls, is_valid_image, pull_backoff_us
from binpack.control.node.machine import Machine
from binpack.control.node.pod_plan import ContainerPlan
from binpack.control.node.pod_worker import NEVER, ContainerRecord
from binpack.control.records import EventSink, Record, RecordType
from binpack.model.node import ContainerImage
from binpack.model.pod import Pod
from binpack.plugins.image_locality import normalized_name
from binpack.units import US_PER_S

_SYNC_US = 10 * US_PER_S
"""After how long a kubelet looks again at a pod that it could not start."""


class ContainerStart:
    """Sees to images. One whose size nobody knows is taken to be on every node: pulling it takes no time.

    Parameters
    ----------
    clock : Clock
    sink : EventSink
    configuration : KubeletConfiguration

    Attributes
    ----------
    limits : dict[str, int]
        How many bytes a second a pull gets at most, by node; "" for all nodes.
    """

    def __init__(self, clock: Clock, sink: EventSink, configuration: KubeletConfiguration) -> None:
        self._clock = clock
        self._sink = sink
        self._configuration = configuration
        self._sizes: dict[str, int] = {}
        self.limits: dict[str, int] = {}

    def learn(self, images: Iterable[ContainerImage]) -> None:
        """Take the sizes of images from what a node reports; what came first holds."""
        for image in images:
            for name in image.names:
                self._sizes.setdefault(name, image.size_bytes)

    def is_here(self, plan: ContainerPlan, machine: Machine, now_us: int) -> bool:
        """Tell whether a container's image needs no pull."""
        image, model = plan.container.image, plan.model
        if model.pull_failures != 0 or (image and not is_valid_image(image)):
            return False
        here_us = machine.images.here_at(image)
        return here_us <= now_us if here_us is not None else self._size(plan) is None

    def has_image(self, pod: Pod, plan: ContainerPlan, record: ContainerRecord, machine: Machine, now_us: int) -> bool:
        """Tell whether a container's image is there; if not, begin to pull it, or say why not."""
        if record.has_image:
            return True
        image, model = plan.container.image, plan.model
        if image and not is_valid_image(image):
            message = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": invalid reference format'
            return self._refuse(pod, record, "InvalidImageName", message, "Failed")
        here_us, size_bytes = machine.images.here_at(image), self._size(plan)
        is_needed = here_us is None and (size_bytes is not None or model.pull_failures != 0)
        if plan.container.image_pull_policy == "Never" and (is_needed or (here_us or 0) > now_us):
            message = f'Container image "{image}" is not present with pull policy of Never'
            # Another pod may bring it.
            record.due_us = now_us + _SYNC_US
            return self._refuse(pod, record, "ErrImageNeverPull", message, "ErrImageNeverPull")
        fails = model.pull_failures is None or record.pull_failures < model.pull_failures
        if fails and (here_us is None or always_pulls(image, plan.container.image_pull_policy)):
            self._fail(pod, image, record, now_us)
            return False
        if here_us is None and size_bytes is not None:
            self._tell(pod, "Normal", "Pulling", f'Pulling image "{image}"')
            here_us = machine.images.pull(image, size_bytes, self._bandwidth(machine), now_us, places=self._places)
            machine.images_change_us = min(machine.images_change_us, here_us)
        if here_us is not None and here_us > now_us:
            record.stage, record.due_us, record.reason, record.message = "pulling", here_us, "", ""
            return False
        record.has_image = True
        return True

    def pulled(self, pod: Pod, plan: ContainerPlan, record: ContainerRecord) -> None:
        """Note that a container's image has arrived."""
        image = plan.container.image
        size = self._size(plan)
        record.stage, record.due_us, record.has_image = "waiting", NEVER, True
        self._tell(pod, "Normal", "Pulled", f'Successfully pulled image "{image}"' + (f". Image size: {size} bytes." if size else ""))

    def waited(self, pod: Pod, plan: ContainerPlan, record: ContainerRecord, now_us: int) -> None:
        """Go on with a container that has waited until now: it may be started, or its image is still in back-off."""
        record.due_us = NEVER
        if record.reason == "ErrImagePull" and now_us < record.pull_retry_us:
            record.reason, record.message = "ImagePullBackOff", f'Back-off pulling image "{plan.container.image}"'
            record.due_us = record.pull_retry_us
            self._tell(pod, "Normal", "BackOff", record.message)
            self._tell(pod, "Warning", "Failed", "Error: ImagePullBackOff")

    def _bandwidth(self, machine: Machine) -> int:
        limits = [self.limits[name] for name in ("", machine.name) if name in self.limits]
        return min([machine.pull_bytes_per_second, *limits])

    @property
    def _places(self) -> int:
        configuration = self._configuration
        return 1 if configuration.serialize_image_pulls else configuration.max_parallel_image_pulls

    def _size(self, plan: ContainerPlan) -> int | None:
        if plan.model.image_bytes is not None:
            return plan.model.image_bytes
        return self._sizes.get(normalized_name(plan.container.image)) if self._sizes else None

    def _refuse(self, pod: Pod, record: ContainerRecord, reason: str, message: str, event: str) -> bool:
        if record.reason != reason:
            record.reason, record.message = reason, message
            self._tell(pod, "Warning", event, message if event != "Failed" else f"Error: {reason}")
        return False

    def _fail(self, pod: Pod, image: str, record: ContainerRecord, now_us: int) -> None:
        record.pull_failures += 1
        record.pull_retry_us = now_us + pull_backoff_us(record.pull_failures)
        record.due_us = min(record.pull_retry_us, now_us + _SYNC_US)
        record.reason, record.message = "ErrImagePull", f'failed to pull image "{image}"'
        self._tell(pod, "Normal", "Pulling", f'Pulling image "{image}"')
        self._tell(pod, "Warning", "Failed", f'Failed to pull image "{image}"')
        self._tell(pod, "Warning", "Failed", "Error: ErrImagePull")

    def _tell(self, pod: Pod, kind: RecordType, reason: str, message: str) -> None:
        self._sink.record(self._clock.now_us, "kubelet", Record(pod, kind, reason, message))
