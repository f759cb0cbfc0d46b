"""What a usual silence is, learned from when things came."""

from datetime import UTC, datetime, timedelta

import pytest

from rouage.flow.habits import Habit, patience

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def coming(*gaps: timedelta) -> list[datetime]:
    times = [START]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([DAY] * 18, None),  # nineteen times
        ([DAY] * 19, 3 * DAY),
        ([HOUR] * 300, None),  # not two weeks
        ([HOUR] * 336, 3 * HOUR),
        ([timedelta(minutes=15)] * 1344, HOUR),  # a silence of minutes is none
        ([DAY] * 15 + [3 * DAY, DAY, DAY, 3 * DAY], 9 * DAY),  # week-ends are usual
        ([DAY] * 15 + [20 * DAY] + [DAY] * 5, 6 * DAY),  # one outage is not
        ([DAY] * 15 + [1.5 * DAY] + [DAY] * 5, 4.5 * DAY),  # a quiet day is
    ],
)
def test_three_times_the_longest_usual_silence(
    gaps: list[timedelta], expected: timedelta | None
) -> None:
    assert patience(coming(*gaps)) == expected
    assert Habit(coming(*gaps)).patience == expected


def test_a_burst_is_one_coming_whose_last_moment_counts() -> None:
    habit = Habit(coming(*[timedelta(days=20), *[timedelta(seconds=1)] * 500]))
    assert habit.patience is None
    assert habit.last == START + timedelta(days=20, seconds=500)


def test_only_the_last_two_months_count() -> None:
    habit = Habit(coming(*[10 * DAY] * 5, *[DAY] * 30))
    assert habit.patience == 30 * DAY
    for number in range(1, 40):
        habit.note(START + timedelta(days=80 + number))
    assert habit.patience == 3 * DAY


def test_what_comes_late_changes_nothing() -> None:
    habit = Habit(coming(*[DAY] * 20))
    habit.note(START + 3.5 * DAY)
    assert (habit.patience, habit.last) == (3 * DAY, START + 20 * DAY)
