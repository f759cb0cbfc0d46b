"""What is done to one photo, in a process that may be lost with it.

A task comes over the socket with the open photo, and the open file for what is made of it.
The process touches no path: whatever a photo makes it do, it has nothing but these.
"""

import io
import json
import os
import socket
from contextlib import ExitStack
from typing import Any, BinaryIO, Final

from rouage.sdk import StepError, Text
from rouage_connectors.photo import look
from rouage_connectors.photo.formats import explained, opened
from rouage_connectors.photo.metadata import exif_for, facts
from rouage_connectors.photo.pixels import flat, load, small, srgb_profile
from rouage_connectors.photo.watermark import lay_over, lettering, picture

MOST_FILES: Final = 3
MOST_WORDS: Final = 256 << 10
_MEASURED: Final = 480
_MOST_MARK: Final = 20 << 20
_OUT_OF_MEMORY: Final = Text(
    "the photo needs more memory than it may have",
    "la photo demande plus de mémoire qu’elle ne peut en avoir",
)


def main() -> None:
    """Do one task after the other until the other side hangs up."""
    with socket.socket(fileno=os.dup(0)) as line:
        while (received := receive(line)) is not None:
            task, descriptors = received
            send(line, _answer(task, descriptors))


def _answer(task: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    with ExitStack() as stack:
        files: list[Any] = [
            stack.enter_context(os.fdopen(one, "r+b", buffering=0))
            if place == 1
            else stack.enter_context(os.fdopen(one, "rb"))
            for place, one in enumerate(descriptors)
        ]
        try:
            return {"facts": _DONE[task["do"]](task, files)}
        except MemoryError:
            return {"error": {"message": [_OUT_OF_MEMORY.en, _OUT_OF_MEMORY.fr], "hint": None}}
        except StepError as error:
            hint = None if error.hint is None else [error.render_hint(one) for one in ("en", "fr")]
            return {"error": {"message": [error.render(one) for one in ("en", "fr")], "hint": hint}}
        except OSError as error:
            # The disk, not the photo: `opened` explains what a photo does.
            return {"system": error.errno}


def read(task: dict[str, Any], files: list[BinaryIO]) -> dict[str, Any]:
    """Return what the photo says about itself."""
    del task
    with opened(files[0]) as image:
        return facts(image)


def measure(task: dict[str, Any], files: list[BinaryIO]) -> dict[str, Any]:
    """Return what the photo says, and how it looks."""
    with opened(files[0]) as image:
        said = facts(image)
        found = look.measure(small(image, _MEASURED), middle=task.get("middle", look.MIDDLE))
    return {
        **said,
        "light": round(found.light, 4),
        "sharpness": found.sharpness,
        "doubts": list(found.doubts),
        "correction": look.to_json(found.correction),
    }


def thumbnail(task: dict[str, Any], files: list[BinaryIO]) -> dict[str, Any]:
    """Write a small version into the second file: as plain pixels, or as JPEG."""
    with opened(files[0]) as image:
        taken = facts(image)["taken"]
        pixels = small(image, task["longest"])
    with explained():
        data = pixels.tobytes() if task["form"] == "pixels" else _encoded(pixels, "jpeg", 82)
    _put(data, files[1])
    return {"width": pixels.width, "height": pixels.height, "taken": taken}


def develop(task: dict[str, Any], files: list[BinaryIO]) -> dict[str, Any]:
    """Write the photo as it is wanted into the second file."""
    source, target = files[0], files[1]
    with opened(source) as image:
        exif = exif_for(
            image,
            keep=task["keep"],
            location=task["location"],
            artist=task["artist"],
            copyright_=task["copyright"],
        )
        correction = task["correction"]
        pixels = load(
            image,
            source,
            longest=task["longest"],
            crop=task["crop"],
            sharpen=correction is not None,
            engine=task["engine"],
        )
        if correction is not None:
            pixels = look.apply(pixels, look.of_json(correction))
        pixels = _signed(pixels, task, files)
        data = _encoded(pixels, task["format"], task["quality"], exif)
    _put(data, target)
    return {"width": pixels.width, "height": pixels.height}


def _signed(pixels: Any, task: dict[str, Any], files: list[BinaryIO]) -> Any:
    mark = task.get("mark")
    if mark is None:
        return pixels
    laid = lettering(mark["text"]) if mark["text"] else picture(files[2].read(_MOST_MARK))
    return lay_over(
        pixels, laid, corner=mark["corner"], width=mark["width"], opacity=mark["opacity"]
    )


def _put(data: bytes, file: BinaryIO) -> None:
    """Write *data* now, not when the file is closed: a full disk is noticed here."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _encoded(pixels: Any, form: str, quality: int, exif: bytes = b"") -> bytes:
    file = io.BytesIO()
    also: dict[str, Any] = {"exif": exif} if exif else {}
    profile = srgb_profile()
    if form == "jpeg":
        flat(pixels).save(
            file, "JPEG", quality=quality, icc_profile=profile, progressive=False, **also
        )
    elif form == "webp":
        pixels.save(file, "WEBP", quality=quality, method=4, icc_profile=profile, **also)
    else:
        pixels.save(file, "PNG", icc_profile=profile, **also)
    return file.getvalue()


_DONE: Final = {"read": read, "measure": measure, "thumbnail": thumbnail, "develop": develop}


# -- the conversation -----------------------------------------------------------------------


def send(
    line: socket.socket, message: dict[str, Any], descriptors: list[int] | None = None
) -> None:
    """Send *message*, with open files."""
    data = json.dumps(message).encode()
    frame = len(data).to_bytes(4, "big") + data
    if not descriptors:
        line.sendall(frame)
        return
    sent = socket.send_fds(line, [frame], descriptors)
    line.sendall(frame[sent:])


def receive(line: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return the next message and the open files that came with it; None at the end.

    Raises:
        ValueError: it is longer than any message is, or no message.
    """
    data, descriptors = bytearray(), list[int]()
    while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
        if len(data) > 4 + MOST_WORDS:
            raise ValueError("too long")
        chunk, came, _, _ = socket.recv_fds(line, 64 << 10, MOST_FILES)
        descriptors += came
        if not chunk:
            return None
        data += chunk
    message = json.loads(data[4:])
    if not isinstance(message, dict):
        raise ValueError("no message")  # noqa: TRY004 - it says what came
    return message, descriptors
