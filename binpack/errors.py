"""Errors that a user can act on. Each message names the thing, the place, the value seen and what is accepted."""


class BinpackError(Exception):
    """Base of every error that this package raises on purpose; the command line prints its message and exits 2."""


class ManifestError(BinpackError):
    """A Kubernetes object, or the file that holds it, cannot be read as what it claims to be."""


class ConfigurationError(BinpackError):
    """A KubeSchedulerConfiguration, a suite or a scenario asks for something that does not exist or is out of range.

    Parameters
    ----------
    problems : tuple[str, ...]
        One line a problem, each with its field path. All problems found are listed, not only the first.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class TraceError(BinpackError):
    """A recorded trace lacks a file or a column, or holds a value that cannot be understood."""


class SchedulingError(BinpackError):
    """kube-scheduler would fail this cycle with an error (not reject the pod): an unparsable selector, for example."""


class PluginError(BinpackError):
    """A plugin of the user's own gives what is no answer; the message names the plugin, what it gave and what is accepted."""


class ControllerError(BinpackError):
    """A controller broke down in a sync; the message names the controller, the key and what was raised."""


class ClusterStateError(BinpackError):
    """A change to a cluster's state that cannot be: a node name used twice, a pod bound twice."""


class NotFoundError(BinpackError):
    """A name that nothing has, or that several things have; the message lists those it might have meant."""


class OutputError(BinpackError):
    """What was asked to be written cannot be written there."""


class InfeasibleError(BinpackError):
    """An optimisation problem has no solution, or is too large to be built; the message says which limit was met."""


class InstanceError(BinpackError):
    """A file of bin packing instances cannot be read, or what it asks for cannot be; the message names the line."""


class CertificateError(BinpackError):
    """A document is no certificate that can be read; the message names the part. (One that proves less than it says is no error.)"""


class MissingExtraError(BinpackError):
    """An optional dependency is not installed; the message names the extra that brings it."""
