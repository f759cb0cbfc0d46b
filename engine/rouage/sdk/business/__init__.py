"""Business time: working days, public holidays, opening hours, quiet hours.

`Business` answers every question; the setting `business` in `rouage.yaml` says when it works.
"""

from rouage.sdk.business.calendar import (
    MOST_WORKING_DAYS,
    WORKING_DAYS_PATTERN,
    Business,
    OutOfCalendar,
    parse_working_days,
)
from rouage.sdk.business.holidays import easter, holidays_of
from rouage.settings.business import BusinessHours, Closure, Holidays, Hours, read_business

__all__ = [
    "MOST_WORKING_DAYS",
    "WORKING_DAYS_PATTERN",
    "Business",
    "BusinessHours",
    "Closure",
    "Holidays",
    "Hours",
    "OutOfCalendar",
    "easter",
    "holidays_of",
    "parse_working_days",
    "read_business",
]
