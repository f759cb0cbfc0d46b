"""Language models: one endpoint, off unless configured, priced and bounded."""

from rouage_connectors.ai import completing, extracting
from rouage_connectors.ai.declaration import connector

__all__ = ["completing", "connector", "extracting"]
