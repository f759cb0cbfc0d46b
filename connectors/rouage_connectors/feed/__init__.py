"""Feeds (RSS, Atom): each new item as an event."""

from rouage_connectors.feed import item, parse
from rouage_connectors.feed.declaration import connector

__all__ = ["connector", "item", "parse"]
