from datetime import date, datetime

import pytest

from rouage.expressions import compile_expression


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("today() | date('JJ/MM/AAAA')", "31/07/2026"),
        ("today() | date('DD/MM/YYYY')", "31/07/2026"),
        ("now() | date('JJ/MM/AAAA HH:MM')", "31/07/2026 22:30"),
        ("now() | date('JJ/MM/AA à HHhMM')", "31/07/26 à 22h30"),
        ("now() | date('AAAA-MM-JJ_HH-mm-ss')", "2026-07-31_22-30-00"),
        ("today() | date('AAAAMMJJ')", "20260731"),
        ("today() | date('JJJJ J MMMM AAAA')", "vendredi 31 juillet 2026"),
        ("today() | date('JJJ MMM')", "ven. juil."),
        ("today() | date('%Y')", "2026"),
        ("today() | date('%-d %B %Y, %A')", "31 juillet 2026, vendredi"),
        ("now() | date('%d/%m/%y %H:%M:%S %% %j %V %F %T %z')", None),
        ("'2026-03-05' | date('J/M/AAAA')", "5/3/2026"),
        ("event.when | date('HH:MM')", "10:00"),
        ("'2026-03-05' | parse_date", date(2026, 3, 5)),
        ("'05/03/2026' | parse_date", date(2026, 3, 5)),
        ("'5.3.2026' | parse_date", date(2026, 3, 5)),
        ("'5 mars 2026' | parse_date", date(2026, 3, 5)),
        ("'1er août 2026' | parse_date", date(2026, 8, 1)),
        ("'jeudi 5 mars 2026' | parse_date", date(2026, 3, 5)),
        ("'5 March 2026' | parse_date", date(2026, 3, 5)),
        ("'05-03-26' | parse_date('JJ-MM-AA')", date(2026, 3, 5)),
        ("'20260305' | parse_date('%Y%m%d')", date(2026, 3, 5)),
        ("today() | parse_date", date(2026, 7, 31)),
        ("today() | add_days(1)", date(2026, 8, 1)),
        ("'2026-03-01' | add_days(-1)", date(2026, 2, 28)),
        ("'2026-03-15' | start_of_month | iso", "2026-03-01"),
        ("now() | start_of_month | iso", "2026-07-01T00:00:00+02:00"),
        ("today() | month_name", "juillet"),
        ("today() | month_name('en')", "July"),
        ("8 | month_name", "août"),
        ("today() | weekday", 5),
        ("today() | weekday('fr')", "vendredi"),
        ("today() | iso", "2026-07-31"),
        ("now() | iso", "2026-07-31T22:30:00+02:00"),
        ("'' ~ today()", "2026-07-31"),
    ],
)
def test_dates(value_of, source, expected):
    found = value_of(source)
    if expected is None:
        assert found == "31/07/26 22:30:00 % 212 31 2026-07-31 22:30:00 +0200"
    else:
        assert found == expected


def test_a_moment_without_zone_is_in_the_zone_of_the_recipe(value_of):
    found = value_of("'31/07/2026 08:15' | parse_date")
    assert isinstance(found, datetime)
    assert found.isoformat() == "2026-07-31T08:15:00+02:00"


def test_adding_days_keeps_the_time_on_the_wall_over_a_clock_change(value_of):
    found = value_of("('24/10/2026 08:00' | parse_date) | add_days(1)")
    assert found.isoformat() == "2026-10-25T08:00:00+01:00"


def test_the_language_of_names_comes_from_the_scope(scope):
    scope["language"] = "en"
    assert compile_expression("today() | date('JJJJ J MMMM')").evaluate(scope) == "Friday 31 July"


def test_the_clock_may_be_a_function(scope):
    moment = scope["now"]
    scope["now"] = lambda: moment
    assert compile_expression("now()").evaluate(scope) == moment


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2026-07-31", 1, "2026-08-03"),  # over a weekend
        ("2026-07-13", 1, "2026-07-15"),  # over 14 July
        ("2026-04-03", 1, "2026-04-07"),  # Good Friday works, Easter Monday does not
        ("2026-05-13", 1, "2026-05-15"),  # Ascension
        ("2026-05-22", 1, "2026-05-26"),  # Whit Monday
        ("2026-12-24", 2, "2026-12-29"),
        ("2026-12-31", 1, "2027-01-04"),
        ("2026-08-01", 0, "2026-08-03"),
        ("2026-08-03", 0, "2026-08-03"),
        ("2026-08-03", -1, "2026-07-31"),
        ("2026-08-01", 3, "2026-08-05"),
        ("2026-01-01", 252, "2026-12-31"),
    ],
)
def test_working_days_leave_out_weekends_and_french_holidays(start, days, expected):
    source = f"'{start}' | working_days({days}) | iso"
    assert compile_expression(source).evaluate({}) == expected


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("'31-07-2026' | parse_date", "RG492"),
        ("'31/02/2026' | parse_date", "RG492"),
        ("'abc' | date('%Y')", "RG492"),
        ("'05/03/2026' | date('%Y')", "RG492"),
        ("'x' | parse_date('JJ-MM-AAAA')", "RG492"),
        ("'31-02-2026' | parse_date('JJ-MM-AAAA')", "RG492"),
        ("'x' | parse_date('JJJJ')", "RG494"),
        ("today() | date('%Q')", "RG493"),
        ("today() | date('bonjour')", "RG493"),
        ("today() | date('')", "RG493"),
        ("today() | date(event.text * 1)", "RG452"),
        ("'9999-12-31' | add_days(1)", "RG498"),
        ("'9999-12-31' | working_days(1)", "RG498"),
        ("'0001-01-02' | working_days(-5)", "RG498"),
        ("13 | month_name", "RG495"),
        ("today() | month_name('de')", "RG495"),
        ("3 | date('%Y')", "RG492"),
        ("2.5 | add_days(1)", "RG492"),
        ("today() | add_days(1.5)", "RG495"),
    ],
)
def test_dates_refuse_what_they_cannot_read(error_of, source, code):
    assert error_of(source).code == code
