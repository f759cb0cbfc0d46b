"""Calendars: recipes that start before, at or after what is written in an ICS calendar."""

# The trigger and the action are added to the connector by being imported.
from rouage_connectors.calendar import event, read
from rouage_connectors.calendar.declaration import connector

__all__ = ["connector", "event", "read"]
