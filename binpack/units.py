"""Units of the quantities in this package, and the size constants of Kubernetes' formulas.

CPU is counted in milli-cores, memory and storage in bytes, everything else in units; virtual time in microseconds.
"""

MILLI_PER_CORE = 1000
KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
TIB = 1 << 40

US_PER_MS = 1_000
US_PER_S = 1_000_000
US_PER_MINUTE = 60 * US_PER_S
US_PER_HOUR = 3_600 * US_PER_S
US_PER_DAY = 24 * US_PER_HOUR

MAX_NODE_SCORE = 100
MIN_NODE_SCORE = 0
