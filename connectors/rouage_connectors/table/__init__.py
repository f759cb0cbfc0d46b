"""Tables in CSV files, workbooks and databases: add, find, change and remove rows."""

from rouage_connectors.table import appending, deleting, finding, updating, upserting
from rouage_connectors.table.declaration import connector

__all__ = ["appending", "connector", "deleting", "finding", "updating", "upserting"]
