"""Notifications to phones and chats, through the services that Apprise knows."""

from rouage_connectors.notify import send, trying
from rouage_connectors.notify.send import connector

__all__ = ["connector", "send", "trying"]
