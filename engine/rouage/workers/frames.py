"""Messages between the daemon and a worker: a length, then JSON in ASCII.

ASCII because texts may hold lone surrogates (file names that are no UTF-8), which escapes
carry and UTF-8 does not.
"""

import json
import struct
from typing import Any, Final

HEADER: Final = struct.Struct(">I")


def pack(message: Any) -> bytes:
    """Return *message* as one frame.

    Raises:
        ValueError, TypeError, RecursionError: it is not JSON.
    """
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")
    return HEADER.pack(len(body)) + body


def unpack(body: bytes | bytearray) -> Any:
    """Return the message that the frame with this *body* holds."""
    return json.loads(body)
