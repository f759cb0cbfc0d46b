"""What kinds of mail no person wrote."""

from typing import Final, Literal, get_args

Automatic = Literal["own", "bounce", "receipt", "auto_reply", "list", "bulk", "generated"]
"""Our own, undeliverable, read receipt, absence, mailing list, mass mail, sent by a program."""
KINDS: Final[tuple[Automatic, ...]] = get_args(Automatic)

RUN_HEADER: Final = "X-Rouage-Run"
"""Stands in every mail that a recipe sends, with the id of its run."""
