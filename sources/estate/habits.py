"""How each system writes down the people it meets: which fields, which spelling, how carelessly.

One function per system, each returning its columns. Who is met where is in encounters.py, the slips in noise.py.
"""

from __future__ import annotations

import numpy as np

from sources.estate import noise
from sources.estate.encounters import Encounters
from sources.estate.names import given_names, surnames
from sources.estate.people import Homes, People
from sources.estate.places import places, store_phones

Columns = dict[str, np.ndarray]
NATIVE, LATIN, PLAIN = 0, 1, 2
_STREET_FORMS = ("{} {}", "{} {}", "{} č. {}", "{}, {}")


def pos(people: People, met: Encounters, rng: np.random.Generator) -> Columns:
    """A telephone (staff give the store's), seldom an e-mail, Latin letters; every store has its own manners."""
    count, who = len(met), met.who
    manner = rng.choice(3, met.store.max() + 1, p=[0.6, 0.3, 0.1])[met.store]
    first, last = _names(people, met, np.where((manner == 0) & _some(rng, count, 0.85), LATIN, PLAIN))
    _misspell(people, met, rng, first, last, pet=0.05, typo=0.03, swap=0.02, initial=0.015)
    for values in (first, last):
        noise.change(values, manner == 2, str.upper)
    mobile, landline = _mobile(people, met), people.landline[who]
    code = np.where(met.member & _some(rng, count, 0.85), people.code[who], None)
    parents = np.not_equal(people.parent_mobile[who], None) & np.not_equal(code, None)
    mobile = np.where(parents, people.parent_mobile[who], mobile)
    plainly = ~people.namesakes[who]
    fixed = plainly & np.not_equal(landline, None) & _some(rng, count, np.where(people.twin_of[who] >= 0, 0.6, 0.12))
    unsaid = plainly & _some(rng, count, np.where(met.linked, np.where(np.equal(code, None), 0, 0.1), 0.12))
    filler = np.array(noise.PLACEHOLDER_PHONES, dtype=object)[rng.integers(0, 5, count)]
    phone = np.where(unsaid, np.where(_some(rng, count, 0.5), filler, None), np.where(fixed, landline, mobile))
    staff = np.not_equal(code, None) & _some(rng, count, 0.01)
    phone = np.where(staff, store_phones(met.store), phone)
    dummy = np.array([f"noemail@store{n:03}.example" for n in range(met.store.max() + 1)], dtype=object)[met.store]
    email = np.where(_some(rng, count, 0.08), dummy, None)
    columns = {
        "first_name": first,
        "last_name": last,
        "email": np.where(_some(rng, count, 0.18), _email(people, met), email),
        "phone": phone,
        "mobile": np.where(fixed & ~unsaid & (met.linked | _some(rng, count, 0.5)), mobile, None),
        "birth_on": _birth(people, met, rng, 0.06),
        "loyalty_code": code,
    }
    columns |= _address(people, met, rng, 0.42, np.where(manner == 0, NATIVE, PLAIN))
    return _careless(people, columns, who, rng)


def voucherify(people: People, met: Encounters, rng: np.random.Generator) -> Columns:
    """The loyalty platform: card, e-mail (a gift card's giver's, too) and birth date; an address nobody keeps up."""
    count, who = len(met), met.who
    first, last = _names(people, met, rng.choice(3, count, p=[0.75, 0.1, 0.15]))
    _misspell(people, met, rng, first, last, pet=0.06, typo=0.02, swap=0.01)
    phone = np.where(_some(rng, count, np.where(met.linked, 0.97, 0.7)), _mobile(people, met), None)
    email = np.where(_some(rng, count, 0.9), _email(people, met), None)
    email = np.where(_some(rng, count, 0.5) & np.not_equal(phone, None), _or(people.partner_email[who], email), email)
    phone = np.where(np.not_equal(email, None), _or(people.parent_mobile[who], phone), phone)
    giver = people.email[rng.integers(0, len(people), count)]
    email = np.where(_some(rng, count, 0.005) & np.not_equal(phone, None), giver, email)
    columns = {
        "full_name": _joined(first, last, rng),
        "email": email,
        "phone": phone,
        "birth_on": _birth(people, met, rng, 0.95),
        "loyalty_code": people.code[who],
        "language": people.language[who],
        "accepts_marketing": _some(rng, count, 0.6),
    }
    columns |= _address(people, met, rng, 0.5, np.full(count, NATIVE), kept_up=False)
    return _careless(people, columns, who, rng)


def shopify(people: People, met: Encounters, rng: np.random.Generator) -> Columns:
    """The web shop: what people type themselves; an alias of the mailbox for a second account."""
    count, who = len(met), met.who
    first, last = _names(people, met, rng.choice(3, count, p=[0.8, 0.08, 0.12]))
    _misspell(people, met, rng, first, last, pet=0.04, typo=0.015, swap=0.01)
    lowered = _some(rng, count, 0.04)
    for values in (first, last):
        noise.change(values, lowered, str.lower)
    email = _email(people, met)
    noise.aliases(email, met.again | _some(rng, count, 0.05), rng)
    noise.change(email, _some(rng, count, 0.03), str.title)
    columns = {
        "first_name": first,
        "last_name": last,
        "email": email,
        "phone": np.where(_some(rng, count, np.where(met.linked, 0.98, 0.6)), _mobile(people, met), None),
        "birth_on": _birth(people, met, rng, 0.05),
        "language": people.language[who],
        "accepts_marketing": _some(rng, count, 0.4),
    }
    columns |= _address(people, met, rng, 0.9, np.full(count, NATIVE))
    return _careless(people, columns, who, rng, email_typos=0.0)


def stripe(people: People, met: Encounters, rng: np.random.Generator) -> Columns:
    """Card payments: an e-mail and the name that stands on the card."""
    count, who = len(met), met.who
    first, last = _names(people, met, np.where(_some(rng, count, 0.25), NATIVE, PLAIN))
    _misspell(people, met, rng, first, last, typo=0.005, initial=0.05)
    full = _joined(first, last, rng, habit=0.0)
    noise.change(full, _some(rng, count, 0.35), str.upper)
    columns = {
        "full_name": full,
        "email": _email(people, met),
        "phone": np.where(_some(rng, count, 0.85), _mobile(people, met), None),
    }
    columns |= _address(people, met, rng, 0.45, np.full(count, NATIVE))
    return _careless(people, columns, who, rng, email_typos=0.0)


def odoo(people: People, met: Encounters, rng: np.random.Generator) -> Columns:
    """The back office: full names in several orders with titles, whole addresses, one telephone."""
    count, who = len(met), met.who
    first, last = _names(people, met, np.where(_some(rng, count, 0.85), NATIVE, LATIN))
    _misspell(people, met, rng, first, last, pet=0.015, typo=0.015)
    asked = np.where(people.namesakes[who], 1, np.where(met.linked, 0.985, 0.85))
    phone = np.where(_some(rng, count, asked), _mobile(people, met), None)
    noise.change(last, people.namesakes[who] & (people.namesake_of[who] >= 0), lambda name: f"{name} ml.")
    noise.change(last, people.namesakes[who] & (people.namesake_of[who] < 0), lambda name: f"{name} st.")
    email = np.where(_some(rng, count, np.where(met.linked, 0.96, 0.8)), _email(people, met), None)
    partners = _some(rng, count, 0.5) & np.not_equal(phone, None)
    columns = {
        "full_name": _joined(first, last, rng, habit=0.1, title=0.04),
        "email": np.where(partners, _or(people.partner_email[who], email), email),
        "phone": phone,
        "language": people.language[who],
        "is_active": ~_some(rng, count, 0.02),
    }
    columns |= _address(people, met, rng, 0.92, np.full(count, NATIVE))
    return _careless(people, columns, who, rng)


HABITS = {"odoo": odoo, "pos": pos, "shopify": shopify, "stripe": stripe, "voucherify": voucherify}


def spelled(people: People, who: np.ndarray, at: np.ndarray, spelling: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last names as borne at a time, in the spelling (NATIVE, LATIN or PLAIN) of each row."""
    family = np.where(at < people.married_since[who], people.surname_before[who], people.surname[who])
    form = np.where(people.woman[who], 0, 1)
    firsts, lasts = given_names(), surnames()
    given = people.given[who]
    first = np.choose(spelling, [firsts.native[given], firsts.latin[given], firsts.plain[given]])
    last = np.choose(spelling, [table[family, form] for table in (lasts.native, lasts.latin, lasts.plain)])
    return first, last


def _some(rng: np.random.Generator, count: int, share: float | np.ndarray) -> np.ndarray:
    return rng.random(count) < share


def _or(preferred: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return np.where(np.not_equal(preferred, None), preferred, otherwise)


def _names(people: People, met: Encounters, spelling: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return spelled(people, met.who, met.updated, spelling)


def _misspell(people, met, rng, first, last, pet=0.0, typo=0.0, swap=0.0, initial=0.0) -> None:
    count, careful = len(met), people.confusable[met.who]
    noise.pet_names(first, given_names().native[people.given[met.who]], _some(rng, count, pet) & ~careful, rng)
    noise.typos(first, _some(rng, count, typo / 2), rng)
    noise.typos(last, _some(rng, count, typo), rng)
    noise.change(first, _some(rng, count, initial) & people.alone[met.who], lambda name: f"{name[0]}.")
    noise.swap(first, last, _some(rng, count, swap))


def _joined(first, last, rng, habit: float = 0.03, title: float = 0.0) -> np.ndarray:
    """Full names: `habit` of them with the family name first, a third of those with a comma."""
    order, titled = rng.random(len(first)), rng.random(len(first)) < title
    titles = np.array(("Ing. ", "Mgr. ", "MUDr. ", "Dr. "), dtype=object)[rng.integers(0, 4, len(first))]
    rows = zip(first, last, order.tolist(), np.where(titled, titles, ""), strict=True)
    return np.array(
        [
            f"{before}{given} {family}" if turn >= habit else f"{family}{',' if turn < habit / 3 else ''} {given}"
            for given, family, turn, before in rows
        ],
        dtype=object,
    )


def _mobile(people: People, met: Encounters) -> np.ndarray:
    former = met.updated < people.mobile_since[met.who]
    return np.where(former, people.mobile_before[met.who], people.mobile[met.who])


def _email(people: People, met: Encounters) -> np.ndarray:
    former = met.updated < people.email_since[met.who]
    return np.where(former, people.email_before[met.who], people.email[met.who])


def _birth(people: People, met: Encounters, rng: np.random.Generator, share: float) -> np.ndarray:
    """Birth dates, NaT where not asked; one in a hundred with day and month swapped, or the form's own 1900-01-01.

    Namesakes are always asked: nothing else would tell father and son apart.
    """
    born, namesakes = people.born[met.who].copy(), people.namesakes[met.who]
    noise.day_month_swaps(born, _some(rng, len(met), 0.015) & ~namesakes)
    born[_some(rng, len(met), 0.01) & ~namesakes] = np.datetime64("1900-01-01")
    born[~_some(rng, len(met), share) & ~namesakes] = np.datetime64("NaT")
    return born


def _address(people, met, rng, share, spelling, kept_up: bool = True) -> Columns:
    since = people.moved_since[met.who]
    former = ~np.isnat(since) & ((met.updated < since) | (not kept_up))
    home, before = people.home[met.who], people.home_before[met.who]
    where = Homes(*(np.where(former, getattr(before, n), getattr(home, n)) for n in Homes.__dataclass_fields__))
    return written_address(where, rng, _some(rng, len(met), share), spelling)


def written_address(where: Homes, rng: np.random.Generator, asked: np.ndarray, spelling: np.ndarray) -> Columns:
    """Street, town, postal code and country as text, null where not asked."""
    gazetteer, count = places(), len(asked)
    names = np.where(spelling == NATIVE, gazetteer.street[where.street], gazetteer.street_plain[where.street])
    form = np.where(_some(rng, count, 0.1) & (where.country == "CZ"), rng.integers(2, 4, count), 0).tolist()
    street = np.array(
        [_STREET_FORMS[f].format(s, h) for f, s, h in zip(form, names, where.house, strict=True)], dtype=object
    )
    noise.typos(street, _some(rng, count, 0.01), rng)
    town = np.where(spelling == NATIVE, gazetteer.town[where.town], gazetteer.town_plain[where.town])
    town = np.where(_some(rng, count, 0.02), gazetteer.town_abroad[where.town], town)
    zips = where.zip.copy()
    noise.change(zips, _some(rng, count, 0.3), lambda code: code.replace(" ", ""))
    columns = {"street": street, "city": town, "zip": zips, "country_code": where.country}
    return {name: np.where(asked, values, None) for name, values in columns.items()}


def _careless(
    people: People, columns: Columns, who: np.ndarray, rng: np.random.Generator, email_typos=0.006
) -> Columns:
    count, country = len(who), people.home.country[who]
    for name in ("phone", "mobile"):
        if name in columns:
            noise.wrong_digits(columns[name], _some(rng, count, 0.006), rng)
            noise.phone_formats(columns[name], country, rng.integers(0, 8, count))
    noise.mistyped_domains(columns["email"], _some(rng, count, email_typos))
    return columns
