"""Where a step stands in one run: loops and repeated attempts give one step many places."""

from rouage.records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """The run-time path of a block, and those of its earlier attempts.

    The path of a step inside it is the block's place and what the step's own path adds to
    the block's: `do.2` at `do.2[7]` puts `do.2.for_each.do.0` at `do.2[7].for_each.do.0`.
    """

    block: str
    path: str
    earlier: tuple[str, ...] = ()

    def of(self, step: str) -> str:
        """Return where the step with the path *step* stands."""
        return self.path + step[len(self.block) :]

    def before(self, step: str) -> tuple[str, ...]:
        """Return where the step stood in earlier attempts, newest first."""
        rest = step[len(self.block) :]
        return tuple([place + rest for place in self.earlier])

    def item(self, number: int) -> "Place":
        """Return the place of one turn of a loop."""
        mark = f"[{number}]"
        return Place(self.block, self.path + mark, tuple([one + mark for one in self.earlier]))


def attempt(path: str, number: int) -> str:
    """Return the place of the attempt *number* (from 1) at the block that stands at *path*."""
    return path if number == 1 else f"{path}#{number}"
