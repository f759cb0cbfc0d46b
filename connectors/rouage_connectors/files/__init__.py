"""Files and folders: move, copy, rename, delete, write, append, read, list, make."""

from rouage_connectors.files import changes, content, listing
from rouage_connectors.files.declaration import connector

__all__ = ["changes", "connector", "content", "listing"]
