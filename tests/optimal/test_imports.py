"""What importing costs: the package pulls in no solver until one is needed."""

from __future__ import annotations

import subprocess
import sys


def test_no_solver_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, binpack.optimal.optimize, binpack.optimal.instant; "
        "print([m for m in ('ortools', 'highspy', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_is_printed_by_the_solvers() -> None:
    code = (
        "from binpack.optimal.problem import problem_of; from binpack.optimal.solve import solve; "
        "solve(problem_of(size=[[4, 3], [3, 4]], demand=[3, 2], capacity=[[9, 9]], supply=[5]), objective='nodes')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
