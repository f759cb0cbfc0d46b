"""Quantities as people write them."""

import pytest

from rouage.sdk.quantities import parse_duration, write_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (0.25, "0.25s"), (1, "1s"), (60, "1m"), (90, "1m30s"), (5400, "1h30m"),
        (86_400, "1d"), (259_200, "3d"), (2_592_000, "30d"), (90_061.5, "1d1h1m1.5s"),
    ],
)  # fmt: skip
def test_a_duration_is_written_as_in_a_recipe(seconds: float, text: str) -> None:
    assert write_duration(seconds) == text
    assert parse_duration(text) == seconds
