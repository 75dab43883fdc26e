"""Figures say what they show: a title, axes with units, a legend where there are several series; none needs more than its table."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from binpack.plots import as_svg, distance_to_optimum, node_usage, nodes_over_time, paired_differences, score_matrix
from binpack.plots.style import looks

USAGE = pd.DataFrame(
    [
        {"placement": placement, "resource": resource, "requested_percent": percent}
        for placement, percents in (("today", (40.0, 60.0)), ("optimum", (100.0, 0.0)))
        for resource in ("cpu", "memory")
        for percent in percents
    ]
)
SCORES = pd.DataFrame({"NodeResourcesFit": [87.0, 68.0], "ImageLocality": [0.0, 12.0]}, index=["n1", "n2"])
SAMPLES = pd.DataFrame(
    {
        "workload": "small",
        "policy": ["p", "p", "q", "q"],
        "seed": 1,
        "time_h": [0.2, 0.4, 0.2, 0.4],
        "nodes_in_use_count": [5, 6, 5, 5],
        "optimum_nodes_count": [4.0, 4.0, 4.0, 4.0],
    }
)
DISTANCE = pd.DataFrame(
    {"workload": "small", "policy": ["p", "q"], "mean": [30.0, 10.0], "low": [25.0, float("nan")], "high": [35.0, float("nan")]}
)
DIFFERENCES = pd.DataFrame({"workload": ["small"], "policy": ["q"], "baseline": ["p"], "mean": [-0.7], "low": [-1.1], "high": [-0.3]})


def drawn() -> dict[str, Figure]:
    return {
        "node_usage": node_usage(USAGE),
        "score_matrix": score_matrix(SCORES),
        "nodes_over_time": nodes_over_time(SAMPLES),
        "distance_to_optimum": distance_to_optimum(DISTANCE),
        "paired_differences": paired_differences(DIFFERENCES, unit="nodes in use"),
    }


@pytest.mark.parametrize("name", list(drawn()))
def test_a_figure_has_a_title_and_labelled_axes(name: str) -> None:
    figure = drawn()[name]
    panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    heading = figure.get_suptitle() or panels[0].get_title()
    assert heading
    assert panels[0].get_ylabel() or panels[0].get_yticklabels()
    for axes in panels:
        assert axes.get_xlabel()


@pytest.mark.parametrize("name", list(drawn()))
def test_the_same_table_gives_the_same_bytes(name: str) -> None:
    assert as_svg(drawn()[name]) == as_svg(drawn()[name])


def test_node_usage_draws_a_line_a_placement_fullest_node_first() -> None:
    cpu, memory = node_usage(USAGE).axes
    assert [line.get_label() for line in cpu.lines] == ["today", "optimum"]
    assert [list(line.get_ydata()) for line in memory.lines] == [[60.0, 40.0], [100.0, 0.0]]


def test_the_score_matrix_writes_each_number_where_it_can_be_read() -> None:
    axes = score_matrix(SCORES).axes[0]
    assert [(text.get_text(), text.get_color()) for text in axes.texts] == [
        ("87", "white"),
        ("0", "black"),
        ("68", "white"),
        ("12", "black"),
    ]


def test_the_score_matrix_of_equal_scores_and_of_one_node() -> None:
    for scores in (SCORES * 0 + 7, SCORES[:1]):
        assert as_svg(score_matrix(scores)).startswith("<svg")


def test_neighbouring_colours_differ_in_lightness_so_that_they_survive_greyscale() -> None:
    colours = [to_rgb(look.colour) for look in looks(["a", "b", "c", "d", "e"]).values()]
    greys = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in colours]
    assert greys == sorted(greys)
    assert all(lighter - darker > 0.03 for darker, lighter in pairwise(greys))
