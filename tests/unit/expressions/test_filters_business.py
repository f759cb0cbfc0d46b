"""Filters that know when the business works."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rouage.expressions import compile_expression
from rouage.expressions.filters import BUSINESS
from rouage.sdk.business import Business, read_business

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 24, 19, 30, tzinfo=UTC).astimezone(PARIS)
SHOP = Business(
    hours=read_business(
        {"hours": "9:00-12:00, 14:00-18:00", "closed": ["2026-11-25"], "quiet": "20:00-08:00"}
    ),
    zone=PARIS,
)
SCOPE = {"now": lambda: NOW, BUSINESS: SHOP, "event": {"at": "2026-11-26T13:00:00"}}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("today() | is_working_day", True),
        ("'2026-11-25' | is_working_day", False),
        ("'2026-11-28' | is_working_day", False),
        ("today() | working_days(1) | iso", "2026-11-26"),
        ("now() | is_open", False),
        ("'2026-11-26T09:00:00' | is_open", True),
        ("'2026-11-26T08:00:00Z' | is_open", True),
        ("'2026-11-26T14:00:00Z' | is_open('America/New_York')", True),
        ("now() | next_opening | iso", "2026-11-26T09:00:00+01:00"),
        ("event.at | next_opening | iso", "2026-11-26T14:00:00+01:00"),
        ("'2026-11-28' | next_opening | iso", "2026-11-30T09:00:00+01:00"),
        ("'2026-02-10' | end_of_month | iso", "2026-02-28"),
        ("'2028-02-10T10:30:00' | end_of_month | iso", "2028-02-29T10:30:00"),
        ("today() | add_days(45) | end_of_month | iso", "2027-01-31"),
    ],
)
def test_the_calendar_of_the_workspace_counts(source, value):
    assert compile_expression(source).evaluate(SCOPE) == value


def test_without_a_calendar_the_usual_one_counts():
    assert compile_expression("'2026-11-25' | is_working_day").evaluate({}) is True
    assert compile_expression("'2026-11-11' | is_working_day").evaluate({}) is False
    assert compile_expression("'2026-11-25T12:00:00' | is_open").evaluate({}) is True


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("'soon' | is_open", "RG492"),
        ("'9999-12-31' | next_opening", "RG498"),
        ("'0001-01-01T00:00:00' | is_open", "RG498"),
        ("'9999-12-31' | working_days(3)", "RG498"),
        ("today() | working_days(3001)", "RG495"),
        ("12 | end_of_month", "RG492"),
        ("now() | is_open('Mars/Phobos')", "RG495"),
    ],
)
def test_what_cannot_be_told_is_refused(error_of, source, code):
    assert error_of(source).code == code


def test_an_expression_cannot_name_the_calendar(error_of):
    assert error_of("business").code
    assert BUSINESS not in str(error_of("businees").facts)
