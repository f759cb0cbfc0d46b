"""Forms: pages that people fill in, served by the daemon, kept before they are thanked for."""

from rouage_connectors.form.submitted import connector

__all__ = ["connector"]
