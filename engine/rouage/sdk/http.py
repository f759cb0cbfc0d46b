"""HTTP beyond `context.http`, for the connector that lets a user reach a private host."""

from rouage.safety.network import PrivateAddressError, open_session

__all__ = ["PrivateAddressError", "open_session"]
