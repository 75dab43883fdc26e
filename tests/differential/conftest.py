"""The plain twin of the whole scheduler stands beside the tests, in a package of its own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
