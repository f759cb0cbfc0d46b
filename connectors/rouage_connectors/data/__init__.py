"""Data in texts and files: JSON, CSV and XML, read strictly and written plainly."""

from rouage_connectors.data import formatting, parsing
from rouage_connectors.data.declaration import connector

__all__ = ["connector", "formatting", "parsing"]
