"""The values that cross every border: JSON, and nothing else."""

from typing import TypeAlias, Union

# A recursive alias; Union and TypeAlias because the floor is Python 3.11.
JSON: TypeAlias = Union[  # noqa: UP007, UP040 - 3.11 cannot evaluate the newer spelling
    None, bool, int, float, str, "list[JSON]", "dict[str, JSON]"
]
