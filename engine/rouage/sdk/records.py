"""`dataclass` for connectors: its methods are compiled at their first call, to start quickly."""

from rouage.records import dataclass

__all__ = ["dataclass"]
