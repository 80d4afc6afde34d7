"""One term of a bill: so much of something at a price that holds on a day, or said to be unknown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import ceil

from workbench.errors import UsageError
from workbench.tune.dated import DEFAULT_REGION, DatedTable

GIB = 1024**3
"""Bytes of what AWS's bills call a GB."""
MONTH_HOURS = 720
"""Hours of a month of 30 days."""
DIVISORS = {"usd_per_million": 1_000_000, "usd_per_100_thousand": 100_000}
"""How many make one unit of such a price; of any other price: one."""


@dataclass(frozen=True, slots=True)
class Term:
    """One driver of a bill."""

    name: str
    quantity: float | None
    """Of a month; None: a capture cannot show it."""
    unit: str
    """What is counted."""
    price: float | None
    """US dollars for one of the unit, on average over the tiers that are reached; None: not known."""
    cost: float | None
    """US dollars; None: quantity or price is not known."""
    note: str = ""
    """Where the quantity is estimated, by which rule; what is not known."""


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of what is known, and what is not in it."""

    cost: float
    unknown: tuple[str, ...]
    """Names of the terms whose cost is not known: the bill is higher by these."""


def total(terms: Iterable[Term]) -> Total:
    """The sum of the known costs, and the names of the terms that are not in it.

    Example:
        >>> total([Term("sends", 10.0, "requests", 0.5, 5.0), Term("pollers", 1.0, "poller_hours", None, None)])
        Total(cost=5.0, unknown=('pollers',))
    """
    terms = tuple(terms)
    return Total(
        cost=sum(term.cost for term in terms if term.cost is not None),
        unknown=tuple(term.name for term in terms if term.cost is None),
    )


@dataclass(frozen=True, slots=True)
class Rates:
    """The prices of one day and Region."""

    table: DatedTable
    at: date
    region: str = DEFAULT_REGION

    def value(self, service: str, name: str, mode: str = "") -> float | None:
        """A price as AWS publishes it, or a size that prices are counted in; None where it is not known."""
        return self.table.value(service, name, self.at, mode, self.region)

    def needed(self, service: str, name: str, mode: str = "") -> int:
        """A size that a price is counted in.

        Raises:
            UsageError: there was none on that day.
        """
        found = self.value(service, name, mode)
        if found is None:
            raise UsageError(
                f"wanted {service} {name} on {self.at}, found none; put it into a file of prices"
            )
        return int(found)

    def unit_price(
        self, service: str, name: str, mode: str = "", quantity: float = 0
    ) -> float | None:
        """Dollars for one, averaged over the tiers that a month's quantity reaches; None where a price is not known."""
        row = self.table.row(service, name, self.at, mode, self.region)
        if row is None or row.value is None:
            return None
        reached = [
            (min(quantity, ends) - begins, price)
            for begins, ends, price in self._tiers(service, name, mode, row.value)
            if begins < quantity
        ]
        average = row.value
        if len(reached) > 1:
            average = sum(within * price for within, price in reached) / quantity
        return average / DIVISORS.get(row.unit, 1)

    def term(
        self,
        label: str,
        quantity: float | None,
        unit: str,
        priced: tuple[str, str, str],
        note: str = "",
        tiered_by: float | None = None,
    ) -> Term:
        """A term.

        Args:
            label: its name.
            quantity: how many in a month; None where that is not known.
            unit: what is counted.
            priced: service, name and mode of the price.
            note: what to say about the quantity.
            tiered_by: the month's quantity that tiers go by, where several terms share them.

        Raises:
            UsageError: a quantity below 0.
        """
        if quantity is not None and quantity < 0:
            raise UsageError(f"wanted {label} of 0 or more, found {quantity:g}")
        price = self.unit_price(
            *priced, quantity=(quantity or 0) if tiered_by is None else tiered_by
        )
        known = quantity is not None and price is not None
        note = "; ".join(filter(None, (note, self._doubt(priced, price))))
        return Term(label, quantity, unit, price, quantity * price if known else None, note)  # type: ignore[operator]

    def _doubt(self, priced: tuple[str, str, str], price: float | None) -> str:
        """What is to be said of a price that is not known, or only by a bound."""
        if price is None:
            what = " ".join(filter(None, priced))
            return f"price of {what} in {self.region} on {self.at} is not known"
        service, name, mode = priced
        row = self.table.row(service, name, self.at, mode, self.region)
        return row.source if row and row.confidence == "derived" else ""

    def _tiers(
        self, service: str, name: str, mode: str, first: float
    ) -> Iterable[tuple[float, float, float]]:
        """Where each tier begins and ends, and its price."""
        names = {entry.name for entry in self.table.entries if entry.service == service}
        steps = [(0.0, first)]
        for number in (2, 3, 4):
            tier = f"{name}_tier_{number}"
            modes = {e.mode for e in self.table.entries if (e.service, e.name) == (service, tier)}
            if tier in names and (mode in modes or "" in modes):
                begins, price = (self.value(service, each, mode) for each in (f"{tier}_from", tier))
                if begins is not None and price is not None:
                    steps.append((begins, price))
        ends = [begins for begins, _ in steps[1:]] + [float("inf")]
        return [(begins, end, price) for (begins, price), end in zip(steps, ends, strict=True)]


def chunks(size_bytes: int, chunk_bytes: int) -> int:
    """How many pieces of a size something is billed as: at least one.

    Example:
        >>> chunks(0, 65_536), chunks(65_536, 65_536), chunks(65_537, 65_536)
        (1, 1, 2)
    """
    return max(1, ceil(size_bytes / chunk_bytes))
