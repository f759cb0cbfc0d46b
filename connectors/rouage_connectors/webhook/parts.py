"""Forms with files: the fields become the body of the event, the files lie in its folder."""

from pathlib import Path
from typing import Final

from rouage.sdk import (
    JSON,
    Body,
    MultipartError,
    Received,
    keep_file,
    read_multipart,
    sync_folders,
)
from rouage_connectors.webhook.content import Unreadable

KIND: Final = "multipart/form-data"


def is_multipart(declared: str) -> bool:
    """Say whether the type that a sender *declared* is a form in parts."""
    return declared.partition(";")[0].strip().lower() == KIND


def keep_parts(
    body: Body, declared: str, received: Received, key: str
) -> tuple[dict[str, JSON], list[JSON], Path | None]:
    """Return the fields, the files as the event names them, and the folder they lie in.

    Blocking: call it in a thread.

    Raises:
        Unreadable: the body is no form in parts, or is beyond its bounds; nothing is kept.
    """
    try:
        parts = read_multipart(body, declared)
        texts = [(part.name, part.text()) for part in parts if part.file_name is None]
    except MultipartError as error:
        raise Unreadable(error.status, error.message) from None
    fields: dict[str, JSON] = {}
    for name, text in texts:
        known = fields.get(name)
        if isinstance(known, list):
            known.append(text)
        else:
            fields[name] = text if known is None else [known, text]
    with_files = [part for part in parts if part.file_name is not None]
    if not with_files:
        return fields, [], None
    folder = received.fresh_folder(key)
    try:
        files: list[JSON] = []
        for number, part in enumerate(with_files, 1):
            name = part.file_name or ""
            kept = keep_file(folder, number, [part.content], name=name, kind=part.kind)
            files.append({"field": part.name, **kept.as_data()})
        sync_folders(folder)
    except BaseException:
        received.discard(folder)
        raise
    return fields, files, folder
