"""Invoices as French law wants them: drafts, numbers, Factur-X files, credit notes, payments."""

from rouage_connectors.invoice import (
    drafting,
    ereporting,
    following,
    income,
    payments,
    reading,
    reminding,
    transmitting,
    verifying,
)
from rouage_connectors.invoice.declaration import connector

__all__ = [
    "connector",
    "drafting",
    "ereporting",
    "following",
    "income",
    "payments",
    "reading",
    "reminding",
    "transmitting",
    "verifying",
]
