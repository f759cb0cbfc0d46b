"""Photos: correct, resize, sign, show and hand over, the originals left alone."""

from rouage_connectors.photo import contact_sheet, gallery, process, read
from rouage_connectors.photo.declaration import connector

__all__ = ["connector", "contact_sheet", "gallery", "process", "read"]
