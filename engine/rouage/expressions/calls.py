"""Closures of filters, functions and `is defined`: arguments, secrets, missing values."""

from abc import ABC, abstractmethod
from typing import Any

from rouage.errors import ExpressionError
from rouage.expressions.faults import Fault, located
from rouage.expressions.filters import FILTERS, FUNCTIONS, FilterSpec
from rouage.expressions.lookup import MISSING, Path, Run, path_of
from rouage.expressions.messages import UNDEFINED
from rouage.expressions.nearest import listing, nearest
from rouage.expressions.nodes import Call, Defined, Filtered, Node
from rouage.expressions.running import Constant
from rouage.expressions.values import name_of_all
from rouage.model.secret import Secret


def unknown_filter(node: Filtered) -> ExpressionError:
    """Return the error for a filter that does not exist."""
    suggestion = nearest(node.name, FILTERS)
    facts: dict[str, Any] = {"name": node.name, "suggestion": suggestion, "known": listing(FILTERS)}
    return located("RG442", node.name_start, node.name_end, **facts)


def unknown_function(node: Call) -> ExpressionError:
    """Return the error for a function that does not exist."""
    facts: dict[str, Any] = {"name": node.name, "suggestion": nearest(node.name, FUNCTIONS)}
    return located("RG443", node.start, node.name_end, **facts)


def expected_count(spec: FilterSpec) -> str:
    """Return how many arguments *spec* takes, such as `1`, `1-2` or `1+`."""
    if spec.most is None:
        return f"{spec.least}+"
    return str(spec.least) if spec.least == spec.most else f"{spec.least}-{spec.most}"


def wrong_count(node: Filtered, spec: FilterSpec) -> ExpressionError | None:
    """Return the error for a wrong number of arguments, or None if it is right."""
    given = len(node.arguments)
    if given >= spec.least and (spec.most is None or given <= spec.most):
        return None
    facts: dict[str, Any] = {"name": node.name, "expected": expected_count(spec), "given": given}
    return located("RG444", node.name_start, node.name_end, usage=spec.usage, **facts)


class CallBuilder(ABC):
    """The part of the compiler that knows filters and functions."""

    source: str

    @abstractmethod
    def build(self, node: Node) -> Run:
        """Return the closure of *node*."""

    @abstractmethod
    def folded(self, run: Run, *parts: Run) -> Run:
        """Return the constant that *run* gives if all its *parts* are constants."""

    def call(self, node: Call) -> Run:
        """Return the closure of a function."""
        spec = FUNCTIONS.get(node.name)
        if spec is None:
            raise unknown_function(node)
        if node.arguments:
            facts: dict[str, Any] = {
                "name": node.name,
                "expected": "0",
                "given": len(node.arguments),
            }
            raise located("RG444", node.start, node.name_end, usage=f"{node.name}()", **facts)
        function, start, end = spec.call, node.start, node.end

        def run(scope: Any) -> Any:
            try:
                return function(scope)
            except Fault as fault:
                raise located(fault.code, start, end, **fault.facts) from None

        return run

    def defined(self, node: Defined) -> Run:
        """Return the closure of `is defined`."""
        wanted = not node.negated
        path = path_of(node.target, self.source)
        if path is not None:
            find = path.find

            def quick(scope: Any) -> bool:
                return (find(scope) is not MISSING) is wanted

            return quick
        target = self.build(node.target)

        def run(scope: Any) -> bool:
            return (found_or_missing(target, scope) is not MISSING) is wanted

        return run

    def filtered(self, node: Filtered) -> Run:
        """Return the closure of a filter."""
        spec = FILTERS.get(node.name)
        if spec is None:
            raise unknown_filter(node)
        wrong = wrong_count(node, spec)
        if wrong is not None:
            raise wrong
        arguments = [self.build(argument) for argument in node.arguments]
        if node.name == "default":
            return self._default(node.target, arguments[0])
        target = self.build(node.target)
        constants = [part.value for part in arguments if isinstance(part, Constant)]
        is_fixed = len(constants) == len(arguments)
        if is_fixed:
            _check_arguments(node, spec, constants)
        run = _fixed(node, spec, target, constants) if is_fixed else None
        if run is None:
            run = _general(node, spec, target, arguments)
        # What reads the scope (the clock, the language) is never known beforehand.
        parts = (target, *arguments, *([target_of_scope] if spec.wants_scope else []))
        return self.folded(run, *parts)

    def _default(self, node: Node, otherwise: Run) -> Run:
        path = path_of(node, self.source)
        if path is not None:
            return _default_of_path(path, otherwise)
        target = self.build(node)

        def run(scope: Any) -> Any:
            value = found_or_missing(target, scope)
            return otherwise(scope) if value is None or value is MISSING else value

        return run


def target_of_scope(scope: Any) -> Any:
    """Return *scope*: a part that keeps a closure from being folded."""
    return scope


def _default_of_path(path: Path, otherwise: Run) -> Run:
    find = path.find

    def run(scope: Any) -> Any:
        value = find(scope)
        return otherwise(scope) if value is None or value is MISSING else value

    return run


def found_or_missing(target: Run, scope: Any) -> Any:
    """Return the value of *target*, or `MISSING` if a part of it is not there."""
    try:
        return target(scope)
    except ExpressionError as error:
        if error.code in UNDEFINED:
            return MISSING
        raise


def _check_arguments(node: Filtered, spec: FilterSpec, values: list[Any]) -> None:
    for place, value in enumerate(values):
        try:
            spec.arguments[min(place, len(spec.arguments) - 1)].check(spec.name, value)
        except Fault as fault:
            at = node.arguments[place]
            raise located(fault.code, at.start, at.end, **fault.facts) from None


def _fixed(node: Filtered, spec: FilterSpec, target: Run, constants: list[Any]) -> Run | None:
    """Return the quick closure for arguments known beforehand, or None."""
    if spec.wants_scope:
        return None
    types, call, start, end = spec.types, spec.call, node.start, node.end
    fixed = tuple(constants)

    def slowly(value: Any) -> Any:
        return apply(spec, None, value, list(fixed))

    def run(scope: Any) -> Any:
        value = target(scope)
        try:
            if type(value) in types:
                return call(value, *fixed)
            return slowly(value)
        except Fault as fault:
            raise located(fault.code, start, end, **fault.facts) from None

    return run


def _general(node: Filtered, spec: FilterSpec, target: Run, arguments: list[Run]) -> Run:
    start, end = node.start, node.end

    def run(scope: Any) -> Any:
        value = target(scope)
        given = [argument(scope) for argument in arguments]
        try:
            return apply(spec, scope, value, given)
        except Fault as fault:
            raise located(fault.code, start, end, **fault.facts) from None

    return run


def apply(spec: FilterSpec, scope: Any, value: Any, given: list[Any]) -> Any:
    """Return what the filter gives, with all its checks; a secret stays a secret.

    Raises:
        Fault: the filter refuses the value or an argument.
    """
    secrets = [item for item in (value, *given) if isinstance(item, Secret)]
    if secrets and spec.taint == "refuse":
        raise Fault(*_secret_refusal(spec), name=spec.name)
    if secrets and spec.taint == "keep":
        value, *given = [
            item.reveal() if isinstance(item, Secret) else item for item in (value, *given)
        ]
    for place, item in enumerate(given):
        spec.arguments[min(place, len(spec.arguments) - 1)].check(spec.name, item)
    value = spec.prepare(value)
    result = spec.call(scope, value, *given) if spec.wants_scope else spec.call(value, *given)
    if secrets and spec.taint == "keep":
        return Secret(str(result), name=name_of_all(secrets))
    return result


def _secret_refusal(spec: FilterSpec) -> tuple[str]:
    measures = spec.gives == "boolean" or spec.name == "length"
    return ("RG480",) if measures else ("RG481",)
