"""States and moments as people read them."""

from datetime import UTC, datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from rouage.cli.states import STYLES, local_time, state_word
from rouage.model.run import RunState, StepState
from rouage.sdk.trigger import Health

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    "state", sorted({*get_args(RunState), *get_args(StepState), *get_args(Health)})
)
def test_every_state_has_a_french_word_and_keeps_its_english_one(state: str):
    assert state_word(state, "en") == state
    assert state_word(state, "fr") != state


def test_a_colour_is_found_in_both_languages():
    assert STYLES["failed"] == STYLES["échouée"] == "red"


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 7, 1, 12, tzinfo=UTC), "2026-07-01 14:00:00"),
        ("2026-01-01T12:00:00.5+00:00", "2026-01-01 13:00:00"),
        ("soon", "soon"),
        (None, "–"),
    ],
)
def test_moments_are_on_the_readers_clock(moment: str | datetime | None, shown: str):
    assert local_time(moment, PARIS) == shown


def test_an_unknown_state_is_shown_as_it_is():
    assert state_word("new", "fr") == "new"
