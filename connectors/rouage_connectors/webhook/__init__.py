"""Webhooks: requests of other services, verified on their raw bytes, kept, then answered."""

from rouage_connectors.webhook.received import connector

__all__ = ["connector"]
