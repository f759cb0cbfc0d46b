"""Rate limits of accounts: never more than so many in any while (R16)."""

import random

import pytest

from rouage.durable.buckets import TokenBuckets


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def take(buckets: TokenBuckets, count: int = 1, name: str = "mail") -> float:
    return buckets.take(name, count, limit=4, per_seconds=60)


def test_a_bucket_is_empty_at_the_start_and_fills_at_an_even_pace(clock: Clock) -> None:
    buckets = TokenBuckets(clock)
    assert [take(buckets) for _ in range(4)] == [15, 30, 45, 60]


def test_a_rested_bucket_gives_its_fill_at_once_and_no_more(clock: Clock) -> None:
    buckets = TokenBuckets(clock)
    take(buckets)
    clock.seconds += 1000
    assert [take(buckets) for _ in range(6)] == [0, 0, 0, 0, 60, 60]


def test_several_tokens_are_waited_for_together(clock: Clock) -> None:
    buckets = TokenBuckets(clock)
    assert take(buckets, 3) == 45
    assert take(buckets, 0) == 0
    assert take(buckets) == 60
    assert take(buckets, 9) == pytest.approx(60 + 9 * 15)


def test_buckets_do_not_share(clock: Clock) -> None:
    buckets = TokenBuckets(clock)
    assert take(buckets) == take(buckets, name="other") == 15


def test_another_limit_starts_anew(clock: Clock) -> None:
    buckets = TokenBuckets(clock)
    take(buckets, 4)
    assert buckets.take("mail", 1, limit=60, per_seconds=60) == 1


@pytest.mark.parametrize("seed", range(20))
def test_no_while_ever_sees_more_than_the_limit(clock: Clock, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test wants the same numbers again
    buckets = TokenBuckets(clock)
    given: list[float] = []
    for _ in range(400):
        clock.seconds += chance.choice([0, 0, 0.5, 7, 90])
        given.append(clock.seconds + take(buckets))
    assert given == sorted(given)
    for first, fifth in zip(given, given[4:], strict=False):
        assert fifth - first >= 60 - 1e-6
