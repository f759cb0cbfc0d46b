"""Folders: files that arrive, each taken once, when it is complete."""

from rouage_connectors.folder.trigger import connector

__all__ = ["connector"]
