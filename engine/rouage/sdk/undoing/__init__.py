"""Undo for actions that change files: what to declare, and nothing to write (features N-1).

    undo=files_undo(targets=lambda params, context: [params.path])

The inverse is recorded before the action is called, is completed by its result, and says for
each file what it was, what it is, and where the earlier content lies.
"""

from rouage.safety.world import World
from rouage.sdk.undoing.added import added_undo
from rouage.sdk.undoing.files import files_undo, folder_undo

__all__ = ["World", "added_undo", "files_undo", "folder_undo"]
