"""For what both languages share, our values are those of Jinja2 (authoring X8)."""

import random
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment

from rouage.errors import ExpressionError
from rouage.expressions import compile_expression

_COUNT = 2_500
_WRONG_KINDS = frozenset({"RG450", "RG451", "RG452", "RG453", "RG456", "RG462"})
_SCOPE = {
    "event": {"a": 7, "b": -3, "f": 2.5, "s": "bonjour", "t": "a-b-c", "yes": True, "no": False},
    "vars": {"list": [3, 1, 2], "words": ["x", "yy", "z"], "rows": [{"n": 1}, {"n": 5}]},
}


class _Maker:
    """Make random expressions of a known kind; precedence is left to the parsers."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - tests need repeatable chance

    def make(self, kind: str, depth: int) -> str:
        return str(getattr(self, kind)(depth))

    def number(self, depth: int) -> str:
        pick = self.random.choice
        if depth <= 0:
            return pick(["1", "2", "10", "0.5", "event.a", "event.b", "event.f", "event['a']"])
        one, other = self.number(depth - 1), self.number(depth - 1)
        return pick(
            [
                f"{one} {pick(['+', '-', '*', '/', '//', '%'])} {other}",
                f"({one} {pick(['+', '-', '*'])} {other})",
                f"-{self.number(0)}",
                f"-{self.number(0)} | abs",
                f"({one}) | abs",
                f"({self.text(depth - 1)}) | length",
                f"vars.list | {pick(['sum', 'first', 'last', 'min', 'max', 'length'])}",
                "vars.rows[1].n",
                f"({one} if {self.truth(depth - 1)} else {other})",
                "event.missing | default(4)",
                f"({one}) | int",
            ]
        )

    def text(self, depth: int) -> str:
        pick = self.random.choice
        if depth <= 0:
            return pick(["'abc'", '"Été"', "event.s", "event.t", "''", "'x y'"])
        one = self.text(depth - 1)
        return pick(
            [
                f"({one}) | {pick(['upper', 'lower', 'trim', 'title'])}",
                f"({one}) | replace('b', 'zz')",
                f"{one} ~ {self.text(depth - 1)}",
                f"{one} ~ {pick(['1', '12', 'event.a'])} ~ '-'",
                f"vars.words | join('{pick([',', '', ' - '])}')",
                f"({one} if {self.truth(depth - 1)} else {self.text(0)})",
                "event.missing | default('d')",
                "vars.words[-1]",
            ]
        )

    def truth(self, depth: int) -> str:
        pick = self.random.choice
        if depth <= 0:
            return pick(["true", "false", "event.yes", "event.no"])
        one, other = self.truth(depth - 1), self.truth(depth - 1)
        sign = pick(["==", "!=", "<", "<=", ">", ">="])
        return pick(
            [
                f"{one} and {other}",
                f"{one} or {other}",
                f"not {one}",
                f"not ({one} or {other})",
                f"{self.number(depth - 1)} {sign} {self.number(depth - 1)}",
                f"({self.text(depth - 1)}) {sign} ({self.text(depth - 1)})",
                f"{self.text(0)} {pick(['in', 'not in'])} ({self.text(depth - 1)})",
                f"{self.number(0)} {pick(['in', 'not in'])} vars.list",
                "event.missing is defined",
                "event.a is not defined or event.a is defined",
            ]
        )

    def list(self, depth: int) -> str:
        pick = self.random.choice
        return pick(
            [
                f"[{self.number(depth - 1)}, {self.number(0)}]",
                "vars.list | sort",
                "(vars.list + [4]) | unique | sort",
                f"[{self.text(depth - 1)}] + vars.words",
            ]
        )


def _theirs(environment: ImmutableSandboxedEnvironment, source: str) -> Any:
    try:
        value: Any = environment.compile_expression(source, undefined_to_none=False)(**_SCOPE)
    except ZeroDivisionError:
        return "division by zero"
    except TypeError:
        return "wrong kinds"
    return list(value) if type(value).__name__ == "generator" else value


def _ours(source: str) -> Any:
    try:
        return compile_expression(source).evaluate(_SCOPE)
    except ExpressionError as error:
        if error.code == "RG490":
            return "division by zero"
        return "wrong kinds" if error.code in _WRONG_KINDS else error


def test_random_expressions_have_the_value_that_jinja_gives_them():
    environment = ImmutableSandboxedEnvironment()
    environment.filters["unique"] = lambda items: list(dict.fromkeys(items))
    maker = _Maker(20260731)
    compared = 0
    while compared < _COUNT:
        kind = maker.random.choice(["number", "text", "truth", "list"])
        source = maker.make(kind, maker.random.randint(1, 4))
        theirs, ours = _theirs(environment, source), _ours(source)
        if isinstance(ours, ExpressionError) and ours.code in {"RG410", "RG411", "RG413"}:
            continue
        assert (type(ours), ours) == (type(theirs), theirs), source
        compared += 1
