"""At most so many events in a while, also across a restart."""

from datetime import UTC, datetime, timedelta

from rouage.flow.throttle import Throttler
from rouage.model.recipe import Throttle
from rouage.sdk.json import JSON

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULE = Throttle(count=2, per_seconds=60)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_no_window_holds_more_than_the_rule_lets_through() -> None:
    throttler = Throttler(RULE)
    passed = [second for second in range(0, 200, 5) if throttler.take(at(second)) is not None]
    assert passed == [0, 5, 60, 65, 120, 125, 180, 185]


def test_it_goes_on_after_a_restart_where_it_was() -> None:
    items: dict[bytes, JSON] = {}
    throttler = Throttler(RULE)
    for second in (0, 10, 70, 75):
        place = throttler.take(at(second))
        assert place is not None
        items |= throttler.items(place)
    assert len(items) == RULE.count, "one item for each place, however many events"
    again = Throttler(RULE)
    again.load(items)
    assert again.take(at(100)) is None
    assert again.take(at(130)) is not None
    assert again.take(at(131)) is None
    assert again.take(at(135)) is not None


def test_a_rule_that_was_changed_keeps_what_it_can_of_the_past() -> None:
    throttler, items = Throttler(Throttle(count=3, per_seconds=60)), {}
    for second in (0, 1, 2):
        place = throttler.take(at(second))
        assert place is not None
        items |= throttler.items(place)
    smaller = Throttler(Throttle(count=1, per_seconds=60))
    smaller.load(items)
    assert smaller.take(at(61)) is None
    assert smaller.take(at(62)) is not None


def test_an_event_that_was_not_accepted_gives_its_place_back() -> None:
    throttler = Throttler(RULE)
    first = throttler.take(at(0))
    assert first is not None
    assert throttler.take(at(1)) is not None
    assert throttler.take(at(2)) is None
    throttler.give_back(first)
    assert throttler.take(at(3)) is not None
    assert throttler.take(at(4)) is None


def test_a_clock_that_was_set_back_delays_by_no_more_than_the_rule() -> None:
    throttler = Throttler(Throttle(count=1, per_seconds=60))
    assert throttler.take(at(0)) is not None
    assert throttler.take(at(-3600)) is None
    assert throttler.take(at(-3600 + 61)) is not None


def test_other_items_are_left_alone() -> None:
    throttler = Throttler(RULE)
    throttler.load({b"0123/4567": {"began": "x"}, b"~throttle/0": "odd"})
    assert throttler.take(at(0)) is not None
    assert throttler.take(at(0)) is not None
