"""How values get spoiled on their way into a system: typing errors, formats, cases, swapped dates, aliases.

Each function takes an object array and the rows to spoil, and changes the array in place; None stays None.
"""

from __future__ import annotations

import numpy as np

from sources.estate.names import pet_forms
from sources.estate.places import PLANS

_NEIGHBOURS = dict(zip("abcdefghijklmnopqrstuvwxyz", "svxfrdgjokljknibeatzyvqzsx", strict=True))
PLACEHOLDER_PHONES = ("000000000", "+420 000 000 000", "777777777", "123456789", "0000000000")
_BAD_DOMAINS = {"gmail.com": "gmial.com", "posta.example": "posta.exmaple", "freemail.example": "freemial.example"}


def typos(values: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> None:
    """One slip of the finger in each: letters swapped, lost, doubled or hit beside."""
    places, kinds = rng.random(len(values)), rng.integers(0, 4, len(values))
    for row in np.flatnonzero(rows):
        if values[row] is not None and len(values[row]) > 3:
            at = 1 + int(places[row] * (len(values[row]) - 2))
            values[row] = _slip(values[row], at, kinds[row])


def _slip(text: str, at: int, kind: int) -> str:
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + _NEIGHBOURS.get(text[at], text[at]) + text[at + 1 :]


def change(values: np.ndarray, rows: np.ndarray, how) -> None:
    """Replace each chosen value by `how(value)`."""
    for row in np.flatnonzero(rows):
        if values[row] is not None:
            values[row] = how(values[row])


def pet_names(given: np.ndarray, native: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> None:
    """Anna becomes Anička where the chosen people's names have such a form."""
    forms, choice = pet_forms(), rng.integers(0, 2, len(given))
    for row in np.flatnonzero(rows):
        known = forms.get(native[row])
        if known:
            given[row] = known[choice[row] % len(known)]


def swap(left: np.ndarray, right: np.ndarray, rows: np.ndarray) -> None:
    """Values typed into each other's fields."""
    left[rows], right[rows] = right[rows], left[rows]


def wrong_digits(phones: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> None:
    """One digit of the last six is another one."""
    places, shifts = rng.integers(1, 7, len(phones)), rng.integers(1, 10, len(phones))
    for row in np.flatnonzero(rows):
        phone = phones[row]
        if phone is not None and phone not in PLACEHOLDER_PHONES:
            at = len(phone) - int(places[row])
            phones[row] = f"{phone[:at]}{(int(phone[at]) + int(shifts[row])) % 10}{phone[at + 1 :]}"


def phone_formats(phones: np.ndarray, country: np.ndarray, styles: np.ndarray) -> None:
    """E.164 texts as people write them; styles count from 0 (as it is) to 7."""
    for row, (phone, land, style) in enumerate(zip(phones, country, styles.tolist(), strict=True)):
        if phone is not None and style:
            phones[row] = _written(phone, PLANS[land].dialling, style)


def _written(phone: str, dialling: str, style: int) -> str:
    if phone in PLACEHOLDER_PHONES or not phone.startswith(dialling):
        return phone
    local = phone[len(dialling) :]
    grouped = " ".join(local[start : start + 3] for start in range(0, len(local), 3))
    trunk = "" if dialling in ("+420", "+48", "+30") else "0"
    return (
        phone,
        f"{dialling} {grouped}",
        trunk + grouped,
        trunk + local,
        f"00{dialling[1:]}{local}",
        f"({dialling}) {grouped}",
        trunk + grouped.replace(" ", "-"),
        f"{dialling} {local}",
    )[style]


def aliases(emails: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> None:
    """Other spellings of the same mailbox: plus tags anywhere, dots and googlemail at Gmail."""
    styles = rng.integers(0, 3, len(emails))
    for row in np.flatnonzero(rows):
        if emails[row] is None:
            continue
        local, domain = emails[row].split("@")
        if domain != "gmail.com" or styles[row] == 0:
            emails[row] = f"{local}+{('shop', 'eshop', 'nakup')[len(local) % 3]}@{domain}"
        elif styles[row] == 1:
            bare = local.replace(".", "")
            emails[row] = f"{bare[:2]}.{bare[2:]}@gmail.com"
        else:
            emails[row] = f"{local}@googlemail.com"


def mistyped_domains(emails: np.ndarray, rows: np.ndarray) -> None:
    """gmial.com and its kin."""

    def mistype(email: str) -> str:
        local, domain = email.split("@")
        return f"{local}@{_BAD_DOMAINS.get(domain, domain + 'e')}"

    change(emails, rows, mistype)


def day_month_swaps(dates: np.ndarray, rows: np.ndarray) -> None:
    """7 March becomes 3 July where both readings exist."""
    days = (dates - dates.astype("datetime64[M]")).astype(int) + 1
    years = dates.astype("datetime64[Y]")
    months = (dates.astype("datetime64[M]") - years).astype(int) + 1
    swappable = rows & (days <= 12) & (days != months)
    swapped = (years.astype("datetime64[M]") + (days - 1)).astype("datetime64[D]") + (months - 1)
    dates[swappable] = swapped[swappable]
