"""What `corrections` in `rouage.yaml` may say."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rouage.settings import Settings, find_mistakes, settings_schema
from rouage.settings.corrections import Listening

HERE = Path("/somewhere")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (True, Listening()),
        (False, Listening(is_wanted=False)),
        ({}, Listening()),
        ({"within": "2w", "every": "30s"}, Listening(within_seconds=1_209_600, every_seconds=30)),
    ],
)
def test_what_it_says_is_read_and_the_rest_is_as_usual(given: Any, read: Listening) -> None:
    assert Settings.from_data({"corrections": given}, HERE).corrections == read
    jsonschema.validate({"corrections": given}, settings_schema())


@pytest.mark.parametrize(
    "given", ["off", 7, {"within": "0d"}, {"within": "61d"}, {"every": 5}, {"often": "1d"}, None]
)
def test_what_does_not_fit_is_told(given: Any) -> None:
    (mistake,) = find_mistakes({"corrections": given})
    assert "within: 7d" in mistake.as_error().render("fr")
