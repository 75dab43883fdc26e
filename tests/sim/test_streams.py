from __future__ import annotations

import pickle

import pytest

from binpack.sim.streams import Streams, stream


def test_a_stream_depends_on_the_seed_and_its_name_alone():
    streams = Streams(3)
    streams.named("other").random(100)
    assert streams.named("arrivals").random(5).tolist() == stream(3, "arrivals").random(5).tolist()
    assert stream(3, "arrivals").random() != stream(4, "arrivals").random()
    assert stream(3, "arrivals").random() != stream(3, "arrivals ").random()


def test_the_same_name_gives_the_same_generator_further_on():
    streams = Streams(0)
    first = streams.named("a").random(2).tolist()
    assert [*first, *streams.named("a").random(2)] == stream(0, "a").random(4).tolist()


def test_streams_are_pinned():
    assert stream(1, "uids").integers(0, 1000, 4).tolist() == PINNED


PINNED = [907, 343, 724, 939]


def test_pickled_streams_go_on():
    streams = Streams(5)
    streams.named("a").random(3)
    copy = pickle.loads(pickle.dumps(streams))
    assert copy.named("a").random() == streams.named("a").random()


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="negative"):
        Streams(-1)
