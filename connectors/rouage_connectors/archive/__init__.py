"""ZIP archives: make them with a manifest, unpack them member by member (security S-44)."""

from rouage_connectors.archive import packing, unpacking
from rouage_connectors.archive.declaration import connector

__all__ = ["connector", "packing", "unpacking"]
