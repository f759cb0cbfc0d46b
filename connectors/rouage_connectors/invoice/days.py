"""Days as steps give them: an ISO date, or today in the zone of the workspace."""

from datetime import date
from typing import Final

from rouage.sdk import Context, Text
from rouage_connectors.invoice.fields import Fields

GIVEN: Final = Text("the step", "l’étape")


def today(context: Context) -> date:
    """Return the day it is where the business is."""
    return context.clock.now().astimezone(context.timezone).date()


def day_of(value: str | None, field: str, context: Context) -> date:
    """Return the day that *value* of the parameter *field* says; today if it says none.

    Raises:
        StepError: it is no date.
    """
    return Fields({field: value}, GIVEN).day(field) or today(context)
