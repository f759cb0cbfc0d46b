"""The first pass over an expression: characters become words and signs, with their places."""

import re
import unicodedata
from typing import Any, Final

from rouage.errors import ExpressionError
from rouage.expressions.faults import located

SOURCE_LIMIT: Final = 2_000
TOKEN_LIMIT: Final = 500

Token = tuple[str, Any, int, int]
"""Kind, value, start, end. A sign or a reserved word is its own kind; names joined by points
are one token of kind `path`."""

RESERVED: Final = frozenset(
    {"and", "or", "not", "in", "is", "if", "else", "like", "defined", "true", "false", "null"}
)

_GRAMMAR: Final = re.compile(
    r"""\s*(?:
        (?P<name>[^\W\d]\w*)(?P<path>(?:\.[^\W\d]\w*)+)?
      | (?P<sign>[.,()\[\]%~])
      | (?P<habit>&&|\|\||===|!==|\?\.|\?\?|=>|\*\*|<>|=<|\+\+|--(?=\w)|[-+*/]=|\$?\{\{|\}\})
      | (?P<operator>==|!=|<=|>=|//|[-+*/<>|])
      | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?P<rest>\.?\w*))
      | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<end>\Z)
      | (?P<other>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_PLAIN_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "/": "/"}
_NUMBER_LIMIT: Final = 40
"""Longest number as written, in characters; longer ones are beyond 128 bits anyway."""

INSTEAD: Final = {
    "&&": "and", "||": "or", "!": "not", "===": "==", "!==": "!=", "<>": "!=", "=<": "<=",
    "=>": ">=", "≤": "<=", "≥": ">=", "≠": "!=", "×": "*", "÷": "/", "−": "-", "&": "and",
}  # fmt: skip
"""Signs from elsewhere, and ours."""

_TYPOGRAPHIC: Final = frozenset("“”„‘’‚«»`´")

_SIGNS: Final = frozenset({"sign", "operator"})
_NAMES: Final = frozenset({"name", "path"})


def tokenize(source: str) -> list[Token]:
    """Return the tokens of *source*, the last of kind `end`.

    Raises:
        ExpressionError: a character, a text or a number that cannot be read, or too much.
    """
    if len(source) > SOURCE_LIMIT:
        raise located("RG410", 0, len(source), size=len(source), limit=SOURCE_LIMIT)
    tokens: list[Token] = []
    add = tokens.append
    for found in _GRAMMAR.finditer(source):
        kind, end = found.lastgroup or "", found.end()
        start = found.start("name" if kind == "path" else kind)
        value = source[start:end]
        if kind in _SIGNS or value in RESERVED:
            add((value, value, start, end))
        elif kind in _NAMES:
            add((kind, value, start, end))
        elif kind != "end":
            add(_literal(found, source, start, end))
    add(("end", "", len(source), len(source)))
    if len(tokens) > TOKEN_LIMIT:
        raise located("RG411", 0, len(source), limit=TOKEN_LIMIT)
    return tokens


def _literal(found: re.Match[str], source: str, start: int, end: int) -> Token:
    kind, value = found.lastgroup, source[start:end]
    if kind == "text":
        return (kind, _unescape(value, start), start, end)
    if kind == "number":
        return (kind, _number(found, start, end), start, end)
    raise _explain(source, value, start, end)


def _unescape(quoted: str, start: int) -> str:
    body = quoted[1:-1]
    if "\\" not in body:
        return body

    def replace(found: re.Match[str]) -> str:
        if found[1]:
            code = int(found[1], 16)
            # A lone surrogate cannot be written as UTF-8 later.
            if not 0xD800 <= code <= 0xDFFF:
                return chr(code)
        elif found[2] in _PLAIN_ESCAPES:
            return _PLAIN_ESCAPES[found[2]]
        place = start + 1 + found.start()
        raise located("RG404", place, place + len(found[0]), found=found[0])

    return _ESCAPE.sub(replace, body)


def _number(found: re.Match[str], start: int, end: int) -> int | float:
    written, rest = found["number"], found["rest"]
    if rest or len(written) > _NUMBER_LIMIT:
        code = "RG405" if rest else "RG472"
        raise located(code, start, end, found=written)
    if written.isdigit():
        value = int(written)
        if value.bit_length() > 128:
            raise located("RG472", start, end)
        return value
    real = float(written)
    if real == float("inf"):
        raise located("RG472", start, end)
    return real


def _explain(source: str, found: str, start: int, end: int) -> ExpressionError:
    if found in INSTEAD:
        return located("RG420", start, end, found=found, instead=INSTEAD[found])
    if found in _TYPOGRAPHIC:
        return located("RG424", start, end, found=found)
    if found in {"'", '"'}:
        return located("RG403", start, len(source), quote=found)
    if found in {"=", "+=", "-=", "*=", "/=", "++", "--"}:
        return located("RG421", start, end)
    if found in {"?.", "??"}:
        return located("RG422", start, end, found=found)
    return _explain_sign(found, start, end)


def _explain_sign(found: str, start: int, end: int) -> ExpressionError:
    if found in {"?", ":"}:
        return located("RG423", start, end)
    if found == "**":
        return located("RG427", start, end, found=found)
    if found in {"${{", "{{", "}}"}:
        return located("RG409", start, end, found=found)
    if found in {"{", "}"}:
        return located("RG428", start, end)
    name = f"U+{ord(found):04X} {unicodedata.name(found, '?').capitalize()}"
    shown = found if found.isprintable() else " "
    return located("RG406", start, end, found=shown, name=name)
