"""Watches through selectors, bookmarks, lists as of a revision, in pages.

Documented: https://kubernetes.io/docs/reference/using-api/api-concepts (watches; large lists in chunks).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binpack.control.apiserver.errors import BadRequestError, ExpiredError, TooLargeVersionError
from binpack.control.apiserver.identity import Identities
from binpack.control.apiserver.listing import list_page
from binpack.control.apiserver.store import Store
from binpack.control.apiserver.watching import Bookmark, Watch
from binpack.control.clock import Clock
from binpack.model.base import replace
from binpack.model.pod import Pod
from binpack.model.selectors import select_labels
from binpack.sim.streams import stream
from binpack.testing import namespace, node, pod


def label(store, name, **labels):
    found = store.get(Pod, name, "default")
    return store.update(replace(found, metadata=replace(found.metadata, labels=labels)))


def told(watch):
    return [(event.type, event.object.metadata.name, event.revision) for event in watch.events()]


def test_a_watch_tells_what_was_there_and_then_what_happens(store):
    store.create(pod("a").build())
    store.create(node("n1").build())
    watch = Watch(store, "Pod")
    assert told(watch) == [("ADDED", "a", 1)]
    store.create(pod("b").build())
    store.delete(Pod, "a", "default")
    assert told(watch) == [("ADDED", "b", 3), ("DELETED", "a", 4)]
    assert told(watch) == []


def test_what_begins_to_match_is_added_and_what_ceases_to_is_deleted(store):
    watch = Watch(store, "Pod", 0, labels=select_labels({"app": "web"}))
    store.create(pod("a").label(app="db").build())
    assert told(watch) == []
    label(store, "a", app="web")
    label(store, "a", app="web", more="yes")
    label(store, "a", app="db")
    store.delete(Pod, "a", "default")
    events = watch.events()
    assert [(event.type, event.revision) for event in events] == [("ADDED", 2), ("MODIFIED", 3), ("DELETED", 4)]
    gone = events[-1].object.metadata
    assert (gone.labels, gone.resource_version) == ({"app": "web", "more": "yes"}, "4")


def test_a_watch_of_one_node_and_namespace(store):
    store.create(namespace("prod"))
    watch = Watch(store, "Pod", namespace="prod", fields="spec.nodeName=n1")
    for place in ("prod", "default"):
        store.bind(store.create(pod("a", namespace=place).build()), "n1")
    assert told(watch) == [("ADDED", "a", 3)]


def test_a_bookmark_moves_on_though_nothing_happens_to_what_is_watched(store):
    watch = Watch(store, "Pod", 0)
    for name in ("n1", "n2", "n3"):
        store.create(node(name).build())
    assert (told(watch), watch.bookmark()) == ([], Bookmark(3))
    store.compact(2)
    assert told(Watch(store, "Pod", watch.bookmark().revision)) == []
    with pytest.raises(ExpiredError, match=r"too old resource version: 1 \(2\)"):
        Watch(store, "Pod", 1).events()


def test_compaction_answers_as_etcd(store):
    store.create(node("n1").build())
    with pytest.raises(TooLargeVersionError, match="Too large resource version: 2, current: 1"):
        store.compact(2)
    store.compact(1)
    with pytest.raises(ExpiredError, match="required revision has been compacted"):
        store.compact(1)


def test_pages_show_one_revision(store):
    for name in "abcde":
        store.create(pod(name).build())
    first = list_page(store, Pod, limit=2)
    assert ([one.metadata.name for one in first.items], first.revision, first.remaining) == (["a", "b"], 5, 3)
    store.create(pod("bb").build())
    store.delete(Pod, "d", "default")
    label(store, "e", late="yes")
    second = list_page(store, Pod, limit=2, continue_token=first.continue_token)
    last = list_page(store, Pod, limit=2, continue_token=second.continue_token)
    assert [one.metadata.name for one in (*second.items, *last.items)] == ["c", "d", "e"]
    assert (last.items[0].metadata.labels, last.continue_token, last.revision) == ({}, "", 5)
    store.compact(6)
    with pytest.raises(ExpiredError, match="The provided continue parameter is too old"):
        list_page(store, Pod, limit=2, continue_token=first.continue_token)


def test_lists_that_cannot_be(store):
    store.create(pod("a").build())
    store.create(pod("b").build())
    with pytest.raises(TooLargeVersionError):
        list_page(store, Pod, revision=9)
    with pytest.raises(BadRequestError, match="continue key is not valid"):
        list_page(store, Pod, continue_token="nonsense")
    token = list_page(store, Pod, limit=1).continue_token
    with pytest.raises(BadRequestError, match="not allowed when using continue"):
        list_page(store, Pod, revision=1, continue_token=token)
    store.compact(2)
    with pytest.raises(ExpiredError, match=r"The resourceVersion for the provided list is too old\."):
        list_page(store, Pod, revision=1)


STEPS = st.lists(st.tuples(st.sampled_from(["create", "label", "delete"]), st.sampled_from("abc"), st.sampled_from("xy")), max_size=30)


@given(STEPS, st.sampled_from("xy"), st.integers(0, 5))
def test_a_list_and_then_a_watch_know_all_at_any_time(steps, app, every):
    """Whoever lists and then watches through a selector has what a new list has, however often it looks, and so has any past list."""
    store = Store(Clock(), Identities(stream(0, "apiserver")))
    selector = select_labels({"app": app})
    watch, known, past = Watch(store, "Pod", labels=selector), {}, [{}]
    for position, (what, name, value) in enumerate(steps):
        present = store.find(Pod, name, "default")
        if what == "create" and present is None:
            store.create(pod(name).label(app=value).build())
        elif what == "label" and present is not None:
            label(store, name, app=value, step=str(position))
        elif what == "delete" and present is not None:
            store.delete(Pod, name, "default")
        if store.revision == len(past):
            past.append({one.metadata.name: one for one in list_page(store, Pod, labels=selector).items})
        if position % (every + 1) == 0:
            for event in watch.events():
                known.pop(event.object.metadata.name, None)
                if event.type != "DELETED":
                    known[event.object.metadata.name] = event.object
            assert known == past[-1]
    for revision, state in enumerate(past):
        assert {one.metadata.name: one for one in list_page(store, Pod, labels=selector, revision=revision).items} == state
