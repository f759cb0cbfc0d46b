"""`rouage.records.dataclass`: the same as that of the standard library, made later."""

import copy
import dataclasses
import inspect
import pickle
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import InitVar, field
from pathlib import Path
from threading import Barrier, Thread
from typing import Generic, TypeVar

import pytest

from rouage.records import dataclass

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
LIMITS = {"frozen": True, "kw_only": True, "slots": True}
KINDS = [
    LIMITS,
    {"frozen": True, "slots": True},
    {"kw_only": True, "slots": True},
    {"slots": True},
    {"frozen": True},
    {"slots": True, "eq": False},
    {"frozen": True, "slots": True, "eq": False},
    {},
]


def declared():
    class Parcel:
        """A parcel."""

        number: int
        weight: float = 1.5
        labels: list[str] = field(default_factory=list)
        note: str = field(default="", compare=False, repr=False)
        extra: "Mapping[str, int] | None" = None

    return Parcel


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One that pickle can find."""

    name: str
    sizes: tuple[int, ...] = ()


@pytest.fixture(params=KINDS, ids=str)
def both(request):
    """Return the same class, made by the standard library and by ours."""
    return dataclasses.dataclass(**request.param)(declared()), dataclass(**request.param)(
        declared()
    )


def hashes(*made):
    """Return how many hashes there are. All are held meanwhile: an address may serve again."""
    return len({hash(one) for one in made})


def outcome(work):
    try:
        return work()
    except (TypeError, AttributeError) as error:
        return type(error), re.sub(r"<locals>\.\w+", "", str(error))


@pytest.mark.parametrize(
    "work",
    [
        lambda cls: repr(cls(number=1)),
        lambda cls: repr(cls(number=1, labels=["a"], note="n")),
        lambda cls: cls(1, 2.0),
        lambda cls: repr(cls(1, 2.0, ["b"])),
        lambda cls: cls(),
        lambda cls: cls(number=1, colour="red"),
        lambda cls: cls(number=1) == cls(number=1, note="other"),
        lambda cls: cls(number=1) == cls(number=2),
        lambda cls: cls(number=1) == 1,
        lambda cls: cls(number=1).labels is cls(number=1).labels,
        lambda cls: hashes(cls(number=1, labels=()), cls(number=1, labels=(), note="b")),
        lambda cls: cls.__hash__ is None,
        lambda cls: setattr(cls(number=1), "number", 2),
        lambda cls: delattr(cls(number=1), "number"),
        lambda cls: repr(dataclasses.replace(cls(number=1), weight=3.0)),
        lambda cls: dataclasses.asdict(cls(number=1)),
        lambda cls: [(one.name, one.kw_only, one.compare) for one in dataclasses.fields(cls)],
        lambda cls: repr(copy.copy(cls(number=1))),
        lambda cls: repr(copy.deepcopy(cls(number=1, labels=["a"]))),
        lambda cls: cls.__match_args__,
        lambda cls: getattr(cls, "__slots__", None),
        lambda cls: cls.__doc__,
        lambda cls: list(inspect.signature(cls(number=1).__init__).parameters),
        lambda cls: str(cls.__dataclass_params__),
    ],
)
def test_it_does_what_the_standard_one_does(both, work):
    standard, ours = both
    expected = outcome(lambda: work(standard))
    found = outcome(lambda: work(ours))
    if isinstance(expected, standard):
        assert isinstance(found, ours)
        assert repr(found) == repr(expected)
    else:
        assert found == expected


def test_nothing_is_compiled_before_the_first_call_and_each_method_once():
    made = dataclass(**LIMITS)(declared())
    waiting = {name: vars(made)[name] for name in ("__init__", "__repr__", "__eq__", "__hash__")}
    one = made(number=1, labels=())
    assert vars(made)["__init__"] is not waiting["__init__"]
    assert vars(made)["__eq__"] is waiting["__eq__"]
    real = vars(made)["__init__"]
    assert made(number=1, labels=()) == one
    assert vars(made)["__init__"] is real
    assert vars(made)["__eq__"] is not waiting["__eq__"]
    assert vars(made)["__hash__"] is waiting["__hash__"]
    assert len({one, made(number=1, labels=())}) == 1
    assert real.__qualname__ == f"{made.__qualname__}.__init__"
    assert real.__module__ == __name__


def test_a_frozen_one_can_be_pickled():
    before = Kept(name="a", sizes=(1, 2))
    after = pickle.loads(pickle.dumps(before))  # noqa: S301 - our own
    assert after == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        after.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        after.colour = "b"


def test_what_a_class_writes_itself_stays():
    @dataclass(frozen=True, slots=True)
    class Named:
        name: str

        def __repr__(self):
            return f"<{self.name}>"

        def __eq__(self, other):
            return True

    assert repr(Named("a")) == "<a>"
    assert Named("a") == Named("b")
    assert hash(Named("a")) == hash(Named("a"))


def test_what_follows_the_making_is_done():
    @dataclass(frozen=True, kw_only=True, slots=True)
    class Checked:
        size: int

        def __post_init__(self):
            object.__setattr__(self, "size", abs(self.size))

    assert Checked(size=-3).size == 3


def test_arguments_that_are_no_fields_and_fields_that_are_no_arguments():
    @dataclass(slots=True)
    class Scaled:
        size: int
        factor: "InitVar[int]" = 1
        shift: InitVar[int] = 0
        area: int = field(init=False)

        def __post_init__(self, factor, shift):
            self.area = self.size * factor + shift

    assert Scaled(2, 3, 1).area == 7
    assert repr(Scaled(2)).endswith("Scaled(size=2, area=2)")


def test_a_class_that_inherits_has_the_fields_of_both():
    @dataclass(**LIMITS)
    class Placed:
        path: str
        depth: int = 0

    @dataclass(**LIMITS)
    class Watched(Placed):
        match: str = "*"

    one = Watched(path="a", match="b")
    assert (one.path, one.depth, one.match) == ("a", 0, "b")
    assert one == Watched(path="a", match="b") != Watched(path="a")
    assert Placed(path="a") != one
    assert len({one, Watched(path="a", match="b"), Placed(path="a")}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.path = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.match = "b"
    assert copy.deepcopy(one) == one


def test_a_plain_class_may_inherit_and_hold_more():
    class Counted(dataclass(**LIMITS)(declared())):
        def __init__(self, number):
            super().__init__(number=number)
            self.seen = 0

    one = Counted(4)
    one.seen = 2
    assert (one.number, one.seen) == (4, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.number = 5


def test_a_generic_class_is_made_too():
    @dataclass(frozen=True, slots=True)
    class Box(Generic[T]):
        held: T

    assert Box[int](3) == Box(3)


def test_many_threads_may_make_the_first_one():
    made = dataclass(**LIMITS)(declared())
    gate, found = Barrier(8), []

    def make(number):
        gate.wait(30)
        one = made(number=number, labels=())
        found.append((one.number, repr(one), hash(one), one == one))

    threads = [Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(one[0] for one in found) == list(range(8))
    assert all(one[3] for one in found)


def test_a_command_compiles_few_of_the_classes_that_it_loads():
    script = (
        "import sys; from rouage.catalog.discovery import discover; discover(); "
        "import rouage.daemon, rouage.records as r; "
        "loaded = {v for m in list(sys.modules.values()) for v in vars(m).values()"
        " if isinstance(v, type) and '__dataclass_fields__' in vars(v)"
        " and v.__module__.startswith('rouage')}; "
        "waiting = {v for v in loaded if vars(v).get('__init__') is r._first_init}; "
        "print(len(loaded), len(waiting))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded, waiting = map(int, done.stdout.split())
    assert loaded > 100
    assert waiting > loaded * 0.6
