"""What each kind of evidence is good for: a pair that is judged by it, and another one without it, judged otherwise."""

from __future__ import annotations

from datetime import date

import pytest

from tests.matching.conftest import clusters, match, person

HOME = {"street": "Lipová 12", "city": "Olomouc", "zip": "779 00", "country_code": "CZ"}
FIRST, OTHER = date(1964, 5, 7), date(1991, 11, 30)


def named(first: str, last: str, **values) -> dict:
    return {"first_name": first, "last_name": last, **values}


def namesakes(name: str, *days: date) -> tuple[dict, ...]:
    return tuple(named(*name.split(), birth_on=day) for day in days)


def company(name: str, **values) -> dict:
    return {"kind": "company", "company_name": name, **values}


# Two records that are one or two because of the evidence, then two without it of whom the contrary holds.
ONE, TWO = True, False
CASES = {
    "dots, a plus tag and the older domain are one Gmail mailbox": (
        ONE,
        (
            named("Dorota", "Zapletajová", email="d.o.r.zap91+shop@gmail.com"),
            named("Dorota", "Krumlavá", email="dorzap91@googlemail.com"),
        ),
        (
            named("Dorota", "Lhotkavá", email="d.o.r.lho91+shop@posta.example"),
            named("Dorota", "Vyšehavá", email="dorlho91@posta.example"),
        ),
    ),
    "a mailbox is nearly a person's own and one of a function is not": (
        TWO,
        (
            named("Alena", "Podivná", email="info@kramek.example"),
            named("Zora", "Skálopádová", email="info@kramek.example"),
        ),
        (
            named("Alena", "Tesklivá", email="alena77@kramek.example"),
            named("A", "Tesklivá", email="alena77@kramek.example"),
        ),
    ),
    "a program's mailbox is nobody's": (
        TWO,
        (
            named("Ota", "Vrbkovec", email="no_reply@zasilky.example"),
            named("Ota", "Mihulec", email="no_reply@zasilky.example"),
        ),
        (
            named("Ota", "Sojkovec", email="ota.s61@zasilky.example"),
            named("Ota", "Čápovec", email="ota.s61@zasilky.example"),
        ),
    ),
    "an initial at one home is rather an abbreviation than somebody else": (
        ONE,
        (
            named("L", "Svoboda", street="Luční 31", zip="682 01"),
            named("Ladislav", "Svoboda", street="Luční 31", zip="682 01"),
        ),
        (
            named("R", "Svoboda", street="Polní 44", zip="682 01"),
            named("Ladislav", "Svoboda", street="Polní 44", zip="682 01"),
        ),
    ),
    "an initial N is a name and N/A is none": (
        ONE,
        (
            named("N", "Svoboda", street="Luční 32", zip="682 01"),
            named("Norbert", "Svoboda", street="Luční 32", zip="682 01"),
        ),
        (
            {"full_name": "N/A N/A", "street": "Polní 45", "zip": "682 01"},
            named("Norbert", "Svoboda", street="Polní 45", zip="682 01"),
        ),
    ),
    "a birth date may be wrong in its day, its month or its year": (
        ONE,
        namesakes("Dalibor Hrozenkovský", date(1964, 5, 7), date(1964, 5, 23)),
        namesakes("Dalibor Strmilovský", date(1964, 5, 7), date(1964, 11, 23)),
    ),
    "a birth date may be some days off, also over the end of a month": (
        ONE,
        namesakes("Dalimil Hrozenkovský", date(1964, 4, 30), date(1964, 5, 1)),
        namesakes("Dalimil Strmilovský", date(1964, 4, 30), date(1964, 7, 1)),
    ),
    "the words of a name may stand in any order, joined or apart": (
        ONE,
        (
            {"full_name": "Jung Sung Ho", "email": "argdrell866@posta.example"},
            {"full_name": "Sungho Jung", "email": "argdrell866@posta.example"},
        ),
        (
            {"full_name": "Kang Min Jae", "email": "koghfgml998@posta.example"},
            {"full_name": "Suyeon Kang", "email": "koghfgml998@posta.example"},
        ),
    ),
    "a given name of the same letters is another name": (
        TWO,
        (
            {"full_name": "Công Tuấn Trần", "city": "Olomouc"},
            {"full_name": "Ngọc Tuấn Trần", "city": "Olomouc"},
        ),
        (
            {"full_name": "Milena Otylie Ohnivcová", "city": "Olomouc"},
            {"full_name": "Otylie Milena Ohnivcová", "city": "Olomouc"},
        ),
    ),
    "a mobile number is nearly a person's own": (
        ONE,
        (named("Drahoš", "Pecinovec", phone="+420739555101"), named("Drahoš", "Ryzlinec", phone="+420739555101")),
        (named("Drahoš", "Hlinovec", phone="+420739555102"), named("Drahoš", "Tramínec", phone="+420606144103")),
    ),
    "a number that somebody else was given since makes nobody one": (
        TWO,
        (named("Kryštof", "Vejdělkovec", phone="+420739555104"), named("Milada", "Skořepavá", phone="+420739555104")),
        (named("Kryštof", "Zbořilovec", phone="+420739555105"), named("Kryštof", "Zbořilovec", phone="+420739555105")),
    ),
    "who shares a common name and a birth date is one": (
        ONE,
        (
            named("Jan", "Novák", birth_on=date(1951, 8, 23), city="Olomouc"),
            named("Jan", "Novák", birth_on=date(1951, 8, 23)),
        ),
        (named("Petr", "Svoboda", city="Olomouc"), named("Petr", "Svoboda")),
    ),
    "thirty years between two of one name and town are two people": (
        TWO,
        (
            named("Bořek", "Strunovec", birth_on=FIRST, city="Olomouc"),
            named("Bořek", "Strunovec", birth_on=OTHER, city="Olomouc"),
        ),
        (named("Slavomil", "Lyrovec", city="Olomouc"), named("Slavomil", "Lyrovec", city="Olomouc")),
    ),
    "a card is one person's under whatever name": (
        ONE,
        (named("Marcela", "Tlapavá", loyalty_code="K-7001"), named("Marcela", "Výbornavá", loyalty_code="k-7001")),
        (named("Marcela", "Packavá", loyalty_code="K-7002"), named("Marcela", "Dobravá")),
    ),
    "a company is its tax number": (
        ONE,
        (company("Kovolhota a.s.", vat="CZ29004490"), company("KL Metal", vat="CZ 29004490")),
        (company("Dřevolhota a.s.", vat="CZ29004491"), company("DL Timber")),
    ),
    "two tax numbers are two companies of one name": (
        TWO,
        (company("Pekařství U Mostu", vat="CZ29004492"), company("Pekařství U Mostu", vat="SK2020317063")),
        (company("Cukrářství U Mostu"), company("Cukrářství U Mostu")),
    ),
    "a rare name is evidence and a common one is not": (
        ONE,
        (named("Rostislav", "Ohnivzdorný", zip="77900"), named("Rostislav", "Ohnivzdorný", city="Olomouc")),
        (named("Marie", "Černá", zip="77900"), named("Marie", "Černá", city="Olomouc")),
    ),
    "a pet name is the name that it stands for": (
        ONE,
        (named("Honza", "Kolovrátec", phone="+420585777106"), named("Jan", "Kolovrátec", phone="+420585777106")),
        (named("Karel", "Přeslicovec", phone="+420585777107"), named("Jan", "Přeslicovec", phone="+420585777107")),
    ),
    "a father and his son of one name and home are two where both say which they are": (
        TWO,
        (named("Vilém", "Bezdíček Sr.", **HOME), {"full_name": "Vilém Bezdíček Jr", **HOME}),
        (named("Vilém", "Poděbradec Jr.", **HOME), {"full_name": "Vilém Poděbradec Jr", **HOME}),
    ),
    "an initial may stand on the other side of a name": (
        ONE,
        (
            {"full_name": "V. Dhanalakshmi", "phone": "+420739555121"},
            {"full_name": "Dhanalakshmi Venkatesan", "phone": "+420739555121"},
        ),
        (
            {"full_name": "V. Dhanasekaran", "phone": "+420739555122"},
            {"full_name": "Dhanasekaran Palaniappan", "phone": "+420739555122"},
        ),
    ),
    "how a Japanese name is read says nothing of how it is written": (
        ONE,
        (
            {"full_name": "長谷川 桃子", "phone": "+420739555123"},
            {"full_name": "ハセガワ モモコ", "phone": "+420739555123"},
        ),
        (
            {"full_name": "長谷川 恵理", "phone": "+420739555124"},
            {"full_name": "小笠原 太一", "phone": "+420739555124"},
        ),
    ),
    "two mailboxes at a company's own domain are rather one company's": (
        ONE,
        (
            company("Kovotažna", email="novotny@kovotazna.example"),
            company("Kovotažna Hrubčice", email="objednavky@kovotazna.example"),
        ),
        (
            company("Kovobruska", email="kovobruska.novotny@seznam.cz"),
            company("Kovobruska Hrubčice", email="dilna.hrubcice@seznam.cz"),
        ),
    ),
    "a domain of companies of many names is none of their own": (
        TWO,
        (
            company("Skloforma", email="novotny@spolecna.example"),
            company("Skloforma Hrubčice", email="objednavky@spolecna.example"),
        ),
        (
            company("Skloryt", email="novotny@skloryt.example"),
            company("Skloryt Hrubčice", email="objednavky@skloryt.example"),
        ),
    ),
    "a direct dial is behind its company's switchboard": (
        ONE,
        (company("Pilodřev", phone="+420585777310"), company("Pilodřev Hrubčice", phone="+420585777328")),
        (company("Pilokmen", phone="+420585777330"), company("Pilokmen Hrubčice", phone="+420585404328")),
    ),
    "a longer number begins with the switchboard's, but for its last digit": (
        TWO,
        (company("Pilohora", phone="+49585777310"), company("Pilohora Hrubčice", phone="+495857773622")),
        (company("Pilostoh", phone="+49585777330"), company("Pilostoh Hrubčice", phone="+495857773322")),
    ),
    "companies of one name and district in two legal forms are rather two": (
        TWO,
        (company("Hornokov GmbH", zip="682 01"), company("Hornokov KG", zip="682 03")),
        (company("Hornozdar GmbH", zip="682 01"), company("Hornozdar", zip="682 03")),
    ),
    "a company is not the holding of its house": (
        TWO,
        (
            company("Vřesohrad s.r.o.", phone="+420585777340", **HOME),
            company("Vřesohrad Holding a.s.", phone="+420585777340", **HOME),
        ),
        (
            company("Vřesovrch s.r.o.", phone="+420585777350", **HOME),
            company("Vřesovrch Sever s.r.o.", phone="+420585777350", **HOME),
        ),
    ),
    "a home tells namesakes apart from one who is met twice": (
        ONE,
        (named("Eva", "Dvořáková", **HOME), named("Eva", "Dvořáková", **HOME)),
        (named("Josef", "Dvořák", **HOME), named("Josef", "Dvořák", city="Brno", zip="602 00", street="Úvoz 3")),
    ),
}


# So many bear one half of a name that is common that two who bear both may well be two.
BEARERS = [
    (first, f"{start}{end}")
    for first in ("Petr", "Marie", "Josef")
    for start in ("Hrad", "Pol", "Kam", "Luk", "Vod", "Zem", "Les")
    for end in ("inec", "ovník", "ata", "ýr", "ečka", "ouš", "ánek")
]
BEARERS += [(first.title(), last) for last in ("Svoboda", "Černá", "Dvořák") for _, first in BEARERS[:49]]


def ids(number: int, half: str) -> tuple[str, str]:
    return f"shop:{number}{half}", f"pos:{number}{half}"


@pytest.fixture(scope="module")
def cluster_of(tmp_path_factory, crowd):
    records = [
        person(record_id, **values)
        for number, (_, *halves) in enumerate(CASES.values())
        for half, pair in zip("ab", halves, strict=True)
        for record_id, values in zip(ids(number, half), pair, strict=True)
    ]
    records += [
        person(f"loyal:n{n}", email=f"{n * 7919}n@posta.example", **named(*name)) for n, name in enumerate(BEARERS)
    ]
    records += [
        person(f"loyal:c{n}", **company(name, email=f"{name.lower()}@spolecna.example"))
        for n, name in enumerate(["Tkalcostav", "Mramorix", "Voskofin", "Jilocel"])
    ]
    return clusters(match(tmp_path_factory.mktemp("evidence"), records + crowd))


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=list(CASES))
def test_evidence_decides(cluster_of, number, case):
    told = [len({cluster_of[record] for record in ids(number, half)}) == 1 for half in "ab"]
    assert told == [CASES[case][0], not CASES[case][0]]
