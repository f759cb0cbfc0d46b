"""PDF documents: their text, and new ones made by splitting, merging and stamping."""

from rouage_connectors.pdf import merging, reading, splitting, stamping
from rouage_connectors.pdf.declaration import connector

__all__ = ["connector", "merging", "reading", "splitting", "stamping"]
