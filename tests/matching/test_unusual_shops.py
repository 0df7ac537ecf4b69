"""Customers as few shops have them, each in a shop of its own."""

from __future__ import annotations

from datetime import date, timedelta

from tests.matching.conftest import match, person

GIVEN = "Rosa Ida Emil Otto Paul Lina Hugo Berta Anton Klara Viktor Martha".split()
FAMILY = "Abel Brunn Cordes Dietz Ehlers Fink Grote Harms Imhof Jahn Krause Lenz".split()
FIRST = date(1948, 1, 1)


def test_a_first_of_january_is_a_year_alone_in_the_source_that_has_little_else(tmp_path):
    """The register dates to it whom it knows the year of, the clinic those who were born on it."""

    def born(system, n):
        return FIRST.replace(year=1971 + n % 30) if system == "register" or n < 2 else FIRST + timedelta(37 * n)

    people = [
        person(f"{system}:{n}", first_name=GIVEN[n % 12], last_name=FAMILY[n // 12], birth_on=born(system, n))
        for system in ("register", "clinic")
        for n in range(144)
    ]
    query = match(tmp_path, people)
    years = "select system, count(*) from matched_customers__evidence where birth_is_year group by system"
    assert query(years) == [("register", 144)]
