"""Requests to other services over HTTP."""

from rouage_connectors.http.request import connector

__all__ = ["connector"]
