"""A Pratt parser: tokens become nodes, with a message of its own for each usual mistake."""

from typing import Any, Final

from rouage.errors import ExpressionError
from rouage.expressions.faults import located
from rouage.expressions.nodes import (
    Binary,
    Call,
    Chain,
    Choice,
    Defined,
    Field,
    Filtered,
    Index,
    ListOf,
    Literal,
    Name,
    Node,
    Unary,
)
from rouage.expressions.tokens import RESERVED, Token, tokenize

DEPTH_LIMIT: Final = 50

_CHOICE, _NOT, _COMPARE, _SIGN, _FILTER, _POSTFIX = 5, 30, 40, 80, 85, 90
_STRENGTH: Final = {
    "if": _CHOICE, "or": 10, "and": 20,
    "==": _COMPARE, "!=": _COMPARE, "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE, ">=": _COMPARE,
    "in": _COMPARE, "like": _COMPARE, "not": _COMPARE,
    "+": 50, "-": 50, "~": 60, "*": 70, "/": 70, "//": 70, "%": 70,
    "|": _FILTER, "is": _FILTER, ".": _POSTFIX, "[": _POSTFIX, "(": _POSTFIX,
}  # fmt: skip
"""How strongly each sign binds; the order is that of Jinja, which many users know."""

_LITERALS: Final = frozenset({"number", "text"})
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_FOREIGN_WORDS: Final = {
    "True": "true", "TRUE": "true", "False": "false", "FALSE": "false", "None": "null",
    "NULL": "null", "Null": "null", "nil": "null", "undefined": "null", "vrai": "true",
    "faux": "false", "AND": "and", "And": "and", "et": "and", "ET": "and", "OR": "or",
    "Or": "or", "ou": "or", "OU": "or", "NOT": "not", "Not": "not", "IN": "in", "dans": "in",
    "sinon": "else", "LIKE": "like", "xor": "!=", "mod": "%",
}  # fmt: skip
_METHODS: Final = {
    "toLowerCase": "lower", "toUpperCase": "upper", "lower": "lower", "upper": "upper",
    "trim": "trim", "strip": "trim", "split": "split(',')", "join": "join(', ')",
    "replace": "replace('a', 'b')", "includes": "contains('a')", "startsWith": "starts_with('a')",
    "startswith": "starts_with('a')", "endsWith": "ends_with('a')", "endswith": "ends_with('a')",
    "toString": "json", "toFixed": "round(2)", "get": "get('a')", "map": "map('field')",
    "filter": "where('field', 'a')", "size": "length", "count": "length", "length": "length",
    "slice": "truncate(10)", "substring": "truncate(10)", "format": "date('%Y')",
    "strftime": "date('%Y')", "sort": "sort", "contains": "contains('a')",
    "match": "extract('{a}')",
}  # fmt: skip


def parse(source: str) -> Node:
    """Return the tree of *source*.

    Raises:
        ExpressionError: it is not an expression of the language; the first mistake counts.
    """
    return _Parser(source).whole()


class _Parser:
    __slots__ = ("depth", "position", "source", "token", "tokens")

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.position = 0
        self.token = self.tokens[0]
        self.depth = 0

    def whole(self) -> Node:
        if self.token[0] == "end":
            raise located("RG400", 0, len(self.source))
        node = self.expression(0)
        if self.token[0] != "end":
            raise self.unexpected(self.token)
        return node

    def advance(self) -> Token:
        token = self.token
        self.position += 1
        # Nothing comes after `end`: staying there keeps every error at the end of the source.
        if token[0] != "end":
            self.token = self.tokens[self.position]
        return token

    def expression(self, minimum: int) -> Node:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise located("RG412", self.token[2], self.token[3], limit=DEPTH_LIMIT)
        kind, value, start, end = self.token
        # The most usual beginnings, without a detour.
        if kind == "path" or kind in _LITERALS:
            self.position += 1
            self.token = self.tokens[self.position]
            node = _fields(value, start) if kind == "path" else Literal(value, start, end)
        else:
            node = self.first()
        strengths = _STRENGTH
        kind = self.token[0]
        while (strength := strengths.get(kind, -1)) >= minimum:
            node = self.field(node) if kind == "." else self.follow(node, kind, strength)
            kind = self.token[0]
        self.depth -= 1
        return node

    def first(self) -> Node:
        kind, value, start, end = token = self.advance()
        if kind == "name":
            if value in _FOREIGN_WORDS and self.token[0] != "(":
                raise self.unexpected(token)
            return Name(value, start, end)
        if kind in _CONSTANTS:
            return Literal(_CONSTANTS[kind], start, end)
        if kind == "(":
            node = self.expression(0)
            self.close(")", token)
            return node
        return self.first_sign(token)

    def first_sign(self, token: Token) -> Node:
        kind, _, start, _ = token
        if kind in {"-", "+"}:
            operand = self.expression(_FILTER + 1)
            return Unary(kind, operand, start, operand.end)
        if kind == "not":
            operand = self.expression(_NOT)
            return Unary(kind, operand, start, operand.end)
        if kind == "[":
            items = self.values("]", token)
            return ListOf(items, start, self.tokens[self.position - 1][3])
        raise self.unexpected(token)

    def follow(self, left: Node, kind: str, strength: int) -> Node:
        """Return *left* extended by the sign that comes now."""
        if strength == _POSTFIX:
            return self.postfix(left, kind)
        if kind == "|":
            return self.filtered(left)
        if kind == "is":
            return self.defined(left)
        if strength == _COMPARE:
            return self.comparison(left)
        if kind == "if":
            return self.choice(left)
        if kind in {"and", "or", "~"}:
            return self.chain(left, kind, strength)
        self.advance()
        right = self.expression(strength + 1)
        return Binary(kind, left, right, left.start, right.end)

    def chain(self, left: Node, kind: str, strength: int) -> Node:
        items = [left]
        while self.token[0] == kind:
            self.advance()
            items.append(self.expression(strength + 1))
        return Chain(kind, tuple(items), left.start, items[-1].end)

    def comparison(self, left: Node) -> Node:
        kind, _, start, _ = token = self.token
        self.position += 1
        self.token = self.tokens[self.position]
        if kind == "not":
            if self.token[0] not in {"in", "like"}:
                raise self.unexpected(token)
            kind = f"not {self.advance()[0]}"
        right = self.expression(_COMPARE + 1)
        if _STRENGTH.get(self.token[0]) == _COMPARE:
            raise located("RG413", start, self.token[3])
        return Binary(kind, left, right, left.start, right.end)

    def choice(self, yes: Node) -> Node:
        token = self.advance()
        condition = self.expression(_CHOICE + 1)
        if self.token[0] != "else":
            if self.token[0] != "end":
                raise self.unexpected(self.token)
            raise located("RG418", token[2], token[3])
        self.advance()
        no = self.expression(_CHOICE)
        return Choice(condition, yes, no, yes.start, no.end)

    def postfix(self, target: Node, kind: str) -> Node:
        token = self.advance()
        if kind == "[":
            index = self.expression(0)
            end = self.close("]", token)
            return Index(target, index, target.start, end)
        if isinstance(target, Name):
            arguments = self.values(")", token)
            end = self.tokens[self.position - 1][3]
            return Call(target.name, arguments, target.end, target.start, end)
        if isinstance(target, Field):
            instead = _METHODS.get(target.name, "…")
            start = target.end - len(target.name)
            raise located("RG426", start, token[3], name=target.name, instead=instead)
        raise self.unexpected(token)

    def field(self, target: Node) -> Node:
        dot = self.advance()
        kind, value, start, end = self.token
        if kind == "path":
            self.advance()
            return _hang(target, value.split("."), start)
        # A reserved word is an ordinary name after a dot: `event.in` is a field.
        if kind != "name" and kind not in RESERVED:
            if kind == "end":
                raise located("RG402", dot[2], dot[3])
            raise located("RG415", start, end)
        self.advance()
        return Field(target, value, target.start, end)

    def filtered(self, target: Node) -> Node:
        bar = self.advance()
        kind, name, start, end = self.token
        if kind == "path":
            return self.filtered_path(target)
        if kind not in {"name", "like"}:
            if kind == "end":
                raise located("RG402", bar[2], bar[3])
            raise located("RG416", start, end)
        self.advance()
        arguments: tuple[Node, ...] = ()
        last = end
        if self.token[0] == "(":
            arguments = self.values(")", self.advance())
            last = self.tokens[self.position - 1][3]
        return Filtered(target, name, arguments, start, end, target.start, last)

    def filtered_path(self, target: Node) -> Node:
        """Return `target | name.field`: the fields belong to what the filter gives."""
        _, path, start, _ = self.advance()
        name, *fields = path.split(".")
        end = start + len(name)
        return _hang(Filtered(target, name, (), start, end, target.start, end), fields, end + 1)

    def defined(self, target: Node) -> Node:
        word = self.advance()
        negated = self.token[0] == "not"
        if negated:
            self.advance()
        if self.token[0] != "defined":
            raise located("RG414", word[2], self.token[3])
        return Defined(target, negated, target.start, self.advance()[3])

    def values(self, closing: str, opening: Token) -> tuple[Node, ...]:
        """Return the values up to *closing*, which is consumed."""
        items: list[Node] = []
        while self.token[0] != closing:
            items.append(self.expression(0))
            if self.token[0] != ",":
                break
            self.advance()
        self.close(closing, opening)
        return tuple(items)

    def close(self, closing: str, opening: Token) -> int:
        if self.token[0] == closing:
            return self.advance()[3]
        if self.token[0] == "end":
            raise located("RG417", opening[2], opening[3], opening=opening[0], closing=closing)
        raise self.unexpected(self.token)

    def unexpected(self, token: Token) -> ExpressionError:
        kind, value, start, end = token
        if kind == "end":
            last = self.tokens[-2] if len(self.tokens) > 1 else token
            return located("RG402", last[2], last[3])
        found: Any = self.source[start:end]
        if kind == "name" and value in _FOREIGN_WORDS:
            return located("RG420", start, end, found=found, instead=_FOREIGN_WORDS[value])
        return located("RG401", start, end, found=found)


def _fields(path: str, start: int) -> Node:
    name, *fields = path.split(".")
    end = start + len(name)
    node: Node = Name(name, start, end)
    for field in fields:
        end += len(field) + 1
        node = Field(node, field, start, end)
    return node


def _hang(node: Node, fields: list[str], start: int) -> Node:
    """Return *node* with *fields* after it, the first of which begins at *start*."""
    begin = node.start
    for name in fields:
        end = start + len(name)
        node = Field(node, name, begin, end)
        start = end + 1
    return node
