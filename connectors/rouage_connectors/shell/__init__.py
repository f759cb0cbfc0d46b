"""Programs: an argument list, limits, and an end to them and all their children (S-25 to S-29)."""

from rouage_connectors.shell.command import connector

__all__ = ["connector"]
