"""Mail: a mailbox as a trigger (IMAP), and mails sent, answered and filed (SMTP, IMAP)."""

from rouage_connectors.mail import asking, filing, read, received, send, trying
from rouage_connectors.mail.declaration import connector

__all__ = ["asking", "connector", "filing", "read", "received", "send", "trying"]
