"""The rates of accounts in `rouage.yaml`."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rouage.errors import SettingsError
from rouage.settings import AccountRate, Settings, rate_of, settings_schema


def rates(value: Any) -> Any:
    return Settings.from_data({"rates": value}, Path("/shop")).rates


def test_a_rate_is_so_many_in_a_while() -> None:
    found = rates({"http": "10 per 1s", "mail.send": "100/h", "table": "2 par 5m"})
    assert found == {
        "http": AccountRate(count=10, per_seconds=1.0),
        "mail.send": AccountRate(count=100, per_seconds=3600.0),
        "table": AccountRate(count=2, per_seconds=300.0),
    }


def test_an_action_has_its_own_rate_or_shares_that_of_its_connector() -> None:
    found = rates({"http": "10 per 1s", "mail.send": "100 per 1h"})
    assert rate_of(found, "http.request") == ("http", 10, 1.0)
    assert rate_of(found, "mail.send") == ("mail.send", 100, 3600.0)
    assert rate_of(found, "mail.read") is None
    assert rate_of({}, "http.request") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"http": "0 per 1s"},
        {"http": "10 per 0s"},
        {"http": "ten per 1s"},
        {"http": 10},
        {"Http": "10 per 1s"},
        {"http.": "10 per 1s"},
        {"": "1 per 1s"},
        ["http"],
        "10 per 1s",
    ],
)
def test_what_is_no_rate_is_refused_and_the_schema_agrees(wrong: Any) -> None:
    with pytest.raises(SettingsError):
        rates(wrong)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"rates": wrong}, settings_schema())


@pytest.mark.parametrize("right", [{}, {"http": "10 per 1s"}, {"a.b": " 5 / 2m "}])
def test_what_is_read_fits_the_schema(right: Any) -> None:
    rates(right)
    jsonschema.validate({"rates": right}, settings_schema())
