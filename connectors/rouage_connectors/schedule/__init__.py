"""Clocks and calendars: cron expressions, intervals, times of day and plain phrases."""

from rouage_connectors.schedule.triggers import connector

__all__ = ["connector"]
