"""The workshop: one process of its own in which documents are made and judged.

It holds what has no place in the daemon: typst, lxml, and saxonche, which ends the whole
interpreter when threads share it: only the main thread ever asks it, while typst draws in
another. It does one task after the other, keeps nothing but compiled rules and its last verdicts,
and ends when its owner hangs up or has had no work for some minutes.
"""

import base64
import json
import os
import resource
import select
import struct
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from typing import Any, BinaryIO, Final

from rouage.sdk import StepError
from rouage_connectors.invoice import pdf, rules
from rouage_connectors.invoice.cii import DRAFT, PROFILE, write_xml
from rouage_connectors.invoice.embedding import embed
from rouage_connectors.invoice.intake import read_invoice
from rouage_connectors.invoice.page import page_of

HEADER: Final = struct.Struct(">I")
_IDLE_SECONDS: Final = 300
_MEMORY_BYTES: Final = 1 << 30
_NICENESS: Final = 5
_REMEMBERED: Final = 8
_OTHER: Final = "seul le profil EN 16931 est vérifié (invoice.read les lit tous)"
Answer = dict[str, Any]


def make(task: Mapping[str, Any]) -> Answer:
    """Make the document of `invoice`: its PDF, its XML, and what the rules say of them.

    Without a `number` it is a draft: the XML is judged and not kept, the PDF says that it is one.
    `foreseen` is the number that it would have by now: where it gets it, all is judged already.
    """
    invoice = read_invoice(task["invoice"])
    number, issued_on = task["number"], date.fromisoformat(task["issued_on"])
    made_at = datetime.fromisoformat(task["made_at"])
    page = page_of(invoice, number=number, issued_on=issued_on)
    with ThreadPoolExecutor(max_workers=1) as beside:  # typst lets this thread go on meanwhile
        drawn = beside.submit(pdf.render, page, made_at)
        if invoice.kind == "quote":
            return {"pdf": _text(drawn.result()), "xml": None, "findings": [], "rules": False}
        told = number or task.get("foreseen") or DRAFT
        xml = write_xml(invoice, number=told, issued_on=issued_on)
        judged, has_rules = _judged(xml)
        sheet = drawn.result()
    findings = [*judged]
    if number is not None:
        sheet = embed(sheet, xml, made_at=made_at)
        findings += _structure(sheet, xml)
    return {"findings": findings, "rules": has_rules, "pdf": _text(sheet), "xml": _text(xml)}


def check(task: Mapping[str, Any]) -> Answer:
    """Judge an XML: the schema first, then the official rules where they are installed."""
    findings, has_rules = _judged(base64.b64decode(task["xml"]))
    return {"findings": [*findings], "rules": has_rules}


@lru_cache(maxsize=_REMEMBERED)
def _judged(xml: bytes) -> tuple[tuple[rules.Finding, ...], bool]:
    """Return what is wrong with *xml*, and whether the rules were asked; once for each XML."""
    try:
        root = rules.parse(xml)
    except ValueError as error:
        return ({"set": "xsd", "rule": "XML", "text": str(error)},), False
    profile = rules.profile_of(root)
    if profile != PROFILE:
        return ({"set": "xsd", "rule": "PROFILE", "text": f"profil {profile} : {_OTHER}"},), False
    findings, has_rules = rules.check_schema(root), rules.can_check_rules()
    if has_rules and not findings:
        findings += rules.check_rules(xml)
    return tuple(findings), has_rules


def examine(task: Mapping[str, Any]) -> Answer:
    """Judge a PDF: its structure, and the XML in it."""
    sheet = base64.b64decode(task["pdf"])
    try:
        xml = pdf.read_embedded(sheet)
        findings = _structure(sheet, xml)
    except pdf.broken() as error:
        findings = [{"set": "pdf", "rule": "PDF", "text": str(error)[:200]}]
        return {"findings": findings, "rules": False, "xml": None}
    if xml is None:
        return {"findings": findings, "rules": False, "xml": None}
    answer = check({"xml": _text(xml)})
    return {**answer, "findings": findings + answer["findings"], "xml": _text(xml)}


def warm(task: Mapping[str, Any]) -> Answer:
    """Load the rules, so that the first document does not wait for them."""
    del task
    return {"rules": rules.can_check_rules() and bool(rules.compiled())}


_TASKS: Final[Mapping[str, Callable[[Mapping[str, Any]], Answer]]] = {
    "make": make,
    "check": check,
    "examine": examine,
    "warm": warm,
}


def _structure(sheet: bytes, xml: bytes | None) -> list[dict[str, str]]:
    lacking = pdf.check_structure(sheet, xml)
    return [{"set": "pdf", "rule": name, "text": pdf.LACKS[name]} for name in lacking]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _answer(task: Mapping[str, Any]) -> Answer:
    try:
        return _TASKS[task["do"]](task)
    except StepError as error:
        return {
            "error": [error.render("en"), error.render("fr")],
            "hint": None
            if error.hint is None
            else [error.render_hint("en"), error.render_hint("fr")],
        }
    except Exception as error:  # noqa: BLE001 - the border of the process: told, not lost
        return {"broken": f"{type(error).__name__}: {error}"[:500]}


def _read(source: BinaryIO, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        chunk = source.read(size - len(data))  # a pipe gives what it has, not what is asked for
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Do one task after the other until there are none any more."""
    while select.select([source], [], [], _IDLE_SECONDS)[0]:
        header = _read(source, HEADER.size)
        body = None if header is None else _read(source, HEADER.unpack(header)[0])
        if body is None:
            return
        answer = json.dumps(_answer(json.loads(body))).encode()
        target.write(HEADER.pack(len(answer)) + answer)
        target.flush()


def main() -> None:
    """Serve the process at the other end of standard input and output."""
    source = os.fdopen(os.dup(0), "rb", buffering=0)
    target = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):  # what libraries print must not get between the answers
        os.dup2(nothing, stream)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(_NICENESS)
    with suppress(BrokenPipeError):
        serve(source, target)
    os._exit(0)  # saxonche must not be taken down in an order of its own


if __name__ == "__main__":
    main()
