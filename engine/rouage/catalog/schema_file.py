"""The schema file of a workspace, kept in step by a process of its own.

To compose it, every connector must be loaded, and most of them would stay in the memory of a
daemon that uses a few.
"""

import asyncio
import json
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from rouage.catalog.catalog import Catalog
from rouage.catalog.schema import write_schema
from rouage.interpreter import own_command
from rouage.language import Language

logger = logging.getLogger(__name__)

_BOOT: Final = "from rouage.catalog.schema_file import main; main()"
_POLITE: Final = 10


async def keep_schema(catalog: Catalog, language: Language, target: Path) -> None:
    """Keep *target* in step with what is installed, without loading what nobody uses."""
    if catalog.loaded is catalog:
        write_schema(catalog, language, target)
        return
    asked = json.dumps([language, str(target)]).encode("utf-8")
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *own_command(_BOOT), stdin=pipe, stdout=nothing, stderr=nothing, env={"LANG": "C.UTF-8"}
    )
    try:
        await process.communicate(asked)
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        logger.warning("the schema for editors was not written: run `rouage schema`")


def main() -> None:
    """Write the schema of all that is installed, as standard input says, in no hurry."""
    from rouage.catalog.discovery import discover

    os.nice(_POLITE)
    language, target = json.loads(sys.stdin.buffer.read())
    write_schema(discover(), language, Path(target))
