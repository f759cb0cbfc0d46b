"""XML as plain data, and back: no entities, no document types, no network (security S-45).

An element with text only is its text. Else it is an object: attributes as `@name`, children by
name (a list where a name comes more than once), text beside them as `#text`.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from rouage.sdk import JSON, StepError, Text
from rouage_connectors.data.declaration import MOST_DEPTH, MOST_ITEMS, TOO_DEEP, TOO_MANY

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element, TreeBuilder

_NAME: Final = r"[^\W\d][\w.-]*"
_UNWRITABLE: Final = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
# Patterns over all characters take long to compile: not before the first document is written.
_compiled: Final = cache(re.compile)

_NOT_XML: Final = Text("this is not XML: {reason}", "ce n’est pas du XML : {reason}")
_DANGEROUS: Final = Text(
    "this XML holds a document type or entities, which are not read",
    "ce XML contient un type de document ou des entités, qui ne sont pas lus",
)
_ONE_ROOT: Final = Text(
    "XML needs exactly one name at the top; this data has {count}",
    "le XML veut exactement un nom au sommet ; ces données en ont {count}",
)
_BAD_NAME: Final = Text(
    "“{name}” cannot be the name of an XML element",
    "« {name} » ne peut pas être le nom d’un élément XML",
)


def parse(data: bytes) -> JSON:
    """Return the document *data* as `{root name: value}`.

    Raises:
        StepError: it is not XML, is too deep or too large, or uses what is dangerous.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(target=_bounded_builder(), forbid_dtd=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException:
        raise StepError(_DANGEROUS) from None
    except (ParseError, ValueError, LookupError) as error:
        raise StepError(_NOT_XML, reason=str(error)[:200]) from None
    return {_local(root.tag): _value(root)}


def _bounded_builder() -> "TreeBuilder":
    """Return a tree builder that stops a document before it has become too large."""
    from xml.etree.ElementTree import TreeBuilder

    class Bounded(TreeBuilder):
        depth = items = 0

        def start(self, tag: str, attrs: dict[str, str], /) -> "Element":
            self.depth, self.items = self.depth + 1, self.items + 1 + len(attrs)
            if self.depth > MOST_DEPTH:
                raise StepError(TOO_DEEP, limit=MOST_DEPTH)
            if self.items > MOST_ITEMS:
                raise StepError(TOO_MANY, limit=MOST_ITEMS)
            return super().start(tag, attrs)

        def end(self, tag: str, /) -> "Element":
            self.depth -= 1
            return super().end(tag)

    return Bounded()


def _local(tag: str) -> str:
    """Return the name without its namespace: recipes should not need to know those."""
    return tag.rpartition("}")[2]


def _value(element: "Element") -> JSON:
    text = (element.text or "").strip()
    if not len(element) and not element.attrib:
        return text
    found: dict[str, JSON] = {f"@{_local(name)}": word for name, word in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _value(child)
        earlier = found.get(name)
        if name not in found:
            found[name] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            found[name] = [earlier, value]
        text += (child.tail or "").strip()
    if text:
        found["#text"] = text
    return found


def write(data: JSON) -> str:
    """Return *data* as an XML document; the reverse of `parse`.

    Raises:
        StepError: it has not exactly one name at the top, or a name that XML does not allow.
    """
    from xml.etree.ElementTree import Element, indent, tostring

    if not isinstance(data, dict) or len(data) != 1:
        raise StepError(_ONE_ROOT, count=len(data) if isinstance(data, dict) else 0)
    ((name, value),) = data.items()
    root = Element(_checked(name))
    _fill(root, value, 1)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _fill(element: "Element", value: JSON, depth: int) -> None:
    if depth > MOST_DEPTH:
        raise StepError(TOO_DEEP, limit=MOST_DEPTH)
    if not isinstance(value, dict):
        element.text = _text(value)
        return
    for name, item in value.items():
        if name.startswith("@"):
            element.set(_checked(name[1:]), _text(item))
        elif name == "#text":
            element.text = _text(item)
        else:
            _fill_children(element, name, item, depth)


def _fill_children(element: "Element", name: str, item: JSON, depth: int) -> None:
    from xml.etree.ElementTree import SubElement

    for one in item if isinstance(item, list) else [item]:
        _fill(SubElement(element, _checked(name)), one, depth + 1)


def _text(value: JSON) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _compiled(_UNWRITABLE).sub("\ufffd", str(value))


def _checked(name: str) -> str:
    if _compiled(_NAME).fullmatch(name) is None:
        raise StepError(_BAD_NAME, name=name[:80])
    return name
