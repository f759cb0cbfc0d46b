"""Ids sort by time, repeat when they must, and never otherwise."""

import base64
from datetime import UTC, datetime, timedelta
from hashlib import blake2s

from rouage.model.ids import EventIds, idempotency_key, new_event_id, run_id

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_event_ids_sort_by_time() -> None:
    ids = EventIds()
    made = [ids.make(NOW + timedelta(milliseconds=number)) for number in range(100)]
    assert made == sorted(made)
    assert all(len(one) == 26 for one in made)


def test_event_ids_of_one_instant_keep_their_order_and_differ() -> None:
    made = [new_event_id(NOW) for _ in range(1_000)]
    assert made == sorted(made)
    assert len(set(made)) == 1_000


def test_event_ids_still_grow_when_the_clock_goes_back() -> None:
    ids = EventIds()
    first = ids.make(NOW)
    assert ids.make(NOW - timedelta(hours=1)) > first


def test_two_processes_make_different_ids() -> None:
    assert EventIds().make(NOW) != EventIds().make(NOW)


def test_a_run_id_is_the_base32_of_a_hash() -> None:
    digest = blake2s(b"event/recipe").digest()
    assert run_id("event", "recipe") == base64.b32encode(digest).decode().lower()[:26]
    assert run_id("event", "recipe") != run_id("event", "other")


def test_an_idempotency_key_changes_only_with_a_replay() -> None:
    key = idempotency_key("run", "do.0")
    assert key == idempotency_key("run", "do.0")
    assert len({key, idempotency_key("run", "do.1"), idempotency_key("run", "do.0", 1)}) == 3
