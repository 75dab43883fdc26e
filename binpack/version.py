"""The version of all three packages, compared on start so that a foreign `workloads` or `benchmarks` is noticed."""

__version__ = "0.1.0"
KUBERNETES_VERSION = "1.35.4"
