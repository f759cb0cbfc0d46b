"""Web pages: what they say, and when that changes."""

from rouage_connectors.web import changed, page
from rouage_connectors.web.declaration import connector

__all__ = ["changed", "connector", "page"]
