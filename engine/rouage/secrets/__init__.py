"""The secrets of a workspace: one file, sealed with a key that lies elsewhere (security S-55).

Values are plain texts here; whoever hands them to expressions wraps them so that they stay
hidden. The file is read again when it changes, so that a new value needs no restart.
"""

from rouage.secrets.apart import unseal_apart
from rouage.secrets.dumps import leave_no_dumps
from rouage.secrets.keys import KEEPERS, KeptIn, has_keyring
from rouage.secrets.store import (
    LONGEST_VALUE,
    NAME_PATTERN,
    Keeping,
    SecretStore,
    check_name,
)

__all__ = [
    "KEEPERS",
    "LONGEST_VALUE",
    "NAME_PATTERN",
    "Keeping",
    "KeptIn",
    "SecretStore",
    "check_name",
    "has_keyring",
    "leave_no_dumps",
    "unseal_apart",
]
