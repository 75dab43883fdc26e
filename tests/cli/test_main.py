"""The command as a process: what it loads, how it ends when it is interrupted or nobody reads on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from binpack.cli import main as command_line
from binpack.cli.main import COMMANDS
from binpack.testing import node, pod

HEAVY = ("pandas", "pyarrow", "ortools", "matplotlib", "numba", "scipy", "highspy", "rich")


def python(code: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, **options)


def test_help_loads_nothing_heavy():
    ran = python(
        "import sys\nfrom binpack.cli.main import run\n"
        "assert run(['--help']) == 0 and run(['schedule', '--help']) == 0\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    assert ran.stderr.strip() == "[]"
    assert "binpack schedule --cluster cluster.json" in ran.stdout


def test_import_binpack_loads_next_to_nothing():
    ran = python(f"import sys, binpack\nprint([name for name in ('numpy', 'msgspec', 'click', *{HEAVY}) if name in sys.modules])")
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_each_command_has_help_with_examples(binpack, command):
    ran = binpack(command, "--help")
    assert ran.code == 0
    assert "Examples:" in ran.out
    assert f"binpack {command}" in ran.out


def test_all_commands_are_listed(binpack):
    listed = binpack("--help").out
    assert all(f"  {command} " in listed for command in COMMANDS)
    assert binpack("--version").out.startswith("binpack ")


def test_an_interruption_is_one_word_and_130(binpack, dump, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    cluster = dump(node("n"), pod("p"))
    monkeypatch.setattr("binpack.api.scheduling.place_waiting", interrupted)
    ran = binpack("schedule", "--cluster", cluster)
    assert (ran.code, ran.out, ran.err.strip()) == (130, "", "interrupted")


def test_a_signal_ends_the_process_without_a_traceback(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-c", "from binpack.cli.main import main; main()", "schedule", "--cluster", str(pipe)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Opening the pipe for writing waits until the command has opened it for reading: it is in the midst of it then.
    with pipe.open("w"):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_a_reader_that_has_seen_enough(tmp_path, dump):
    cluster = dump(*[node(f"n{i}") for i in range(300)], pod("p"))
    command = f"{sys.executable} -c 'from binpack.cli.main import main; main()' explain p --cluster {cluster} -o csv"
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -n 1"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ran.returncode == 0
    assert ran.stdout == "node,state,plugin,verdict,code,reasons,decided,weight,score\n"
    assert ran.stderr == ""


def test_standard_input_is_a_dash(dump):
    cluster = dump(node("n"), pod("p"))
    ran = python("from binpack.cli.main import main; main(['schedule', '--cluster', '-', '-o', 'csv'])", input=cluster.read_text())
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[1].startswith("default,p,placed,n,")


POLICY = """
import numpy as np
from binpack.framework.interface import Reads
from binpack.framework.normalize import no_normalization
from binpack.framework.points import Point


class LastName:
    name = "LastName"
    points = frozenset({Point.SCORE})
    reads = Reads.STATIC
    class_key = ()
    default_weight = 1
    events = ()
    normalize = no_normalization

    def prepare_score(self, pod, cluster, feasible):
        return cluster.name_ranks()

    def score(self, ranks, rows):
        return rows.take(ranks) * 50
"""


def test_a_policy_in_the_working_directory_is_found(dump, file, tmp_path):
    file("my_policy.py", POLICY)
    config = file(
        "s.yaml",
        """
        apiVersion: kubescheduler.config.k8s.io/v1
        kind: KubeSchedulerConfiguration
        profiles: [{plugins: {score: {disabled: [{name: "*"}], enabled: [{name: "my_policy:LastName"}]}}}]
        """,
    )
    arguments = ["schedule", "--cluster", str(dump(node("a"), node("b"), node("c"), pod("p"))), "--config", str(config), "-o", "csv"]
    ran = python(f"from binpack.cli.main import main; main({arguments})", cwd=tmp_path)
    assert ran.stdout.splitlines()[1].startswith("default,p,placed,c,100,"), ran.stderr


def test_a_name_is_an_error_and_not_a_traceback(monkeypatch, binpack, dump):
    """Every error of ours that a command raises is lines and exit code 2."""
    from binpack.errors import ConfigurationError

    def refuse(*_, **__):
        raise ConfigurationError("first", "second")

    monkeypatch.setattr("binpack.api.schedule", refuse)
    ran = binpack("schedule", "--cluster", dump(node("n")))
    assert (ran.code, ran.err) == (2, "error: first\nerror: second\n")


def test_other_packages_may_add_commands():
    assert command_line.ENTRY_POINT_GROUP == "binpack.commands"


def test_without_a_command_the_help_is_shown_and_nothing_else(binpack):
    result = binpack()
    assert (result.code, result.err.splitlines()[0]) == (2, "Usage: binpack [OPTIONS] COMMAND [ARGS]...")
