"""Notifications to phones and chats, through the services that Apprise knows."""

from rouage_connectors.notify.send import connector

__all__ = ["connector"]
