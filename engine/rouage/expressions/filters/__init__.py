"""Every filter and function of the language, by name: pure, and bounded before they build."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rouage.expressions.filters.business import BUSINESS, BUSINESS_FILTERS
from rouage.expressions.filters.data import DATA_FILTERS
from rouage.expressions.filters.dates import DATE_FILTERS, FUNCTIONS
from rouage.expressions.filters.lists import LIST_FILTERS
from rouage.expressions.filters.numbers import NUMBER_FILTERS
from rouage.expressions.filters.paths import PATH_FILTERS
from rouage.expressions.filters.spec import Argument, FilterSpec, FunctionSpec
from rouage.expressions.filters.text import TEXT_FILTERS

FILTERS: Final[Mapping[str, FilterSpec]] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            *TEXT_FILTERS,
            *NUMBER_FILTERS,
            *DATE_FILTERS,
            *BUSINESS_FILTERS,
            *PATH_FILTERS,
            *LIST_FILTERS,
            *DATA_FILTERS,
        )
    }
)
"""Every filter of the language by its name."""

__all__ = ["BUSINESS", "FILTERS", "FUNCTIONS", "Argument", "FilterSpec", "FunctionSpec"]
