"""Open the secrets in a short-lived process, for one that lives long.

The package that opens them takes 7 MB for as long as a process lives, and a daemon opens its
secrets once. Key and content go by a pipe, and so does what was opened. Whatever else becomes
of the process, the secrets are opened here instead, and that verdict counts.
"""

import base64
import json
import subprocess
import sys
from typing import Final

from rouage.interpreter import own_command
from rouage.secrets.sealing import Sealed, decrypt, unseal

_BOOT: Final = "from rouage.secrets.apart import main; main()"
_SECONDS: Final = 5.0


def unseal_apart(sealed: Sealed, key: bytes) -> object:
    """Return what was sealed, parsed.

    Raises:
        ValueError: the key does not fit, or the content was changed.
        WorkspaceError: the package that opens it is missing.
    """
    asked = {"key": _text(key), "key_id": sealed.key_id, "content": _text(sealed.content)}
    try:
        answer = subprocess.run(
            own_command(_BOOT),
            input=json.dumps(asked).encode("ascii"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8"},
            timeout=_SECONDS,
            check=True,
        )
        return json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return unseal(sealed, key)


def main() -> None:
    """Open what standard input holds, and write it to standard output."""
    asked = json.loads(sys.stdin.buffer.read())
    key, content = (base64.b64decode(asked[name]) for name in ("key", "content"))
    sys.stdout.buffer.write(decrypt(content, key=key, key_id=asked["key_id"]))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
