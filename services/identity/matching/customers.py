"""Names of customers: a merge keeps the oldest, a split leaves it with the largest part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

NOBODY = -1


class Customers:
    """Who belongs to whom. Customers are numbered as they come up: the lower is the older."""

    def __init__(self) -> None:
        self.of_record: list[int] = []
        self.members: dict[int, list[int]] = {}
        # A customer that was merged away, and the one it went to.
        self._survivor: dict[int, int] = {}
        self._named = 0

    def add(self) -> int:
        """Take the next record, which belongs to nobody yet; return its number."""
        self.of_record.append(NOBODY)
        return len(self.of_record) - 1

    def join(self, record: int, customer: int) -> None:
        self.members[customer].append(record)
        self.of_record[record] = customer

    def survivor(self, customer: int) -> int:
        """Return whom the number stands for today."""
        while customer not in self.members:
            customer = self._survivor[customer]
        return customer

    def records_of(self, customers: Sequence[int]) -> list[int]:
        return sorted(record for customer in customers for record in self.members[customer])

    def divide(self, parts: Sequence[Sequence[int]]) -> None:
        """Give each part its customer; together they are whole customers and new records.

        A customer's name goes to the part with most of its records, of equals to the one with the
        oldest; a part keeps the oldest of the names that it gets.
        """
        claims: dict[int, tuple[int, int]] = {}
        for number, part in enumerate(parts):
            for customer, count in Counter(self.of_record[each] for each in part).items():
                if customer != NOBODY and count > claims.get(customer, (0, 0))[0]:
                    claims[customer] = (count, number)
        names: dict[int, int] = {}
        for customer in sorted(claims):
            del self.members[customer]
            kept = names.setdefault(claims[customer][1], customer)
            if kept != customer:
                self._survivor[customer] = kept
        for number, part in enumerate(parts):
            name = names[number] if number in names else self._new()
            self.members[name] = sorted(part)
            for each in part:
                self.of_record[each] = name

    def _new(self) -> int:
        self._named += 1
        return self._named - 1
