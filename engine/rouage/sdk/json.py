"""The values that cross every border: JSON, and nothing else."""

from typing import TypeAlias, Union

# A recursive alias; Union and TypeAlias because the floor is Python 3.11.
JSON: TypeAlias = Union[bool, int, float, str, "list[JSON]", "dict[str, JSON]", None]
