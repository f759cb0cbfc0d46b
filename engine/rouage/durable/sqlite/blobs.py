"""Columns into values: JSON text as it stands, large values fetched by their hash."""

from typing import Any

import apsw

from rouage.durable.values import Stored, decode


class Values:
    """Turn columns into values; large ones are fetched."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __call__(self, stored: Stored) -> Any:
        """Return what the column stands for."""
        if stored is None:
            return None
        if isinstance(stored, str):
            return decode(stored)
        body = self._connection.execute("SELECT body FROM blob WHERE hash = ?", (stored,)).get
        return None if body is None else decode(bytes(body).decode())
