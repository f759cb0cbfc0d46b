"""Clocks and calendars: cron expressions, intervals, times of day, dates and plain phrases."""

# The triggers are added to the connector by being imported.
from rouage_connectors.schedule import dates, triggers
from rouage_connectors.schedule.declaring import connector

__all__ = ["connector", "dates", "triggers"]
