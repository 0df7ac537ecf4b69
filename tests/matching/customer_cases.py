"""Customers as retailers have them: the records of each trap, and what stewards said of some pairs."""

from __future__ import annotations

from datetime import date

from tests.matching.conftest import person

HOME = {"street": "Lipová 12", "city": "Olomouc", "zip": "779 00", "country_code": "CZ"}
OLD_HOME = {"street": "Jasanová 8", "city": "Brno", "zip": "637 00", "country_code": "CZ"}
BORN = date(1988, 4, 12)
LANDLINE = "+420585777001"

CASES = [
    # One woman in four systems, once under her married name, and her twin at the old address with the same landline.
    person("pos:anna", first_name="Anna", last_name="Vránová", phone="+420739555018"),
    person(
        "shop:anna",
        first_name="Anna",
        last_name="Vranova",
        phone="+420739555018",
        email="anna.vranova88+eshop@gmail.com",
        **HOME,
    ),
    person(
        "loyal:anna",
        full_name="Anna Vránová",
        email="annavranova88@gmail.com",
        phone=LANDLINE,
        birth_on=BORN,
        loyalty_code="A1",
        **OLD_HOME,
    ),
    person(
        "odoo:9001", full_name="Anna Horáčková", email="anna.vranova88@googlemail.com", phone="+420739555018", **HOME
    ),
    person("pos:ana", first_name="Ana", last_name="Vránová", phone=LANDLINE, mobile="+420606555019", **OLD_HOME),
    person(
        "loyal:ana",
        full_name="Ana Vránová",
        email="ana.v.brno@posta.example",
        phone=LANDLINE,
        birth_on=BORN,
        loyalty_code="A2",
        **OLD_HOME,
    ),
    # Father and son: one name, one home, one landline, thirty years apart.
    person(
        "loyal:father",
        full_name="Bohumil Zdražil",
        phone="+420585777002",
        birth_on=date(1955, 2, 3),
        loyalty_code="F1",
        **HOME,
    ),
    person(
        "loyal:son",
        full_name="Bohumil Zdražil",
        phone="+420585777002",
        birth_on=date(1985, 9, 30),
        loyalty_code="F2",
        **HOME,
    ),
    # A married couple that shares mailbox, landline and home.
    person(
        "odoo:9002", full_name="Radovan Chlumecký", email="chlumeckych@posta.example", phone="+420585777003", **HOME
    ),
    person(
        "shop:wife",
        first_name="Libuše",
        last_name="Chlumecká",
        email="chlumeckych@posta.example",
        phone="+420585777003",
        **HOME,
    ),
    # Names the wrong way round, and in two scripts.
    person("odoo:9003", full_name="Tichomír Bartoníček", email="tb1977@posta.example", phone="+420602777004"),
    person("pos:swapped", first_name="Bartoníček", last_name="Tichomír", phone="+420602777004"),
    person("loyal:swapped", first_name="Bartonícek", last_name="Tichmír", phone="+420602777004"),
    person("shop:particle", first_name="van Drenthoven", last_name="Petr", email="pvd@posta.example"),
    person("pos:particle", first_name="Petr", last_name="van Drenthoven", email="pvd@posta.example"),
    person(
        "shop:cyrillic",
        first_name="Людмила",
        last_name="Федорська",
        email="l.fedorska77@posta.example",
        phone="+420602777005",
    ),
    person("pos:latin", first_name="Liudmyla", last_name="Fedorska", phone="+420602777005"),
    person("shop:greek", first_name="Γεώργιος", last_name="Παπαδόπουλος", phone="+306944777006"),
    person("pos:greeklish", first_name="Georgios", last_name="Papadopoulos", phone="+306944777006"),
    # A company and the man who answers its telephone.
    person(
        "odoo:9004",
        kind="company",
        company_name="Truhlářství Kvasnica s.r.o.",
        email="info@kvasnica.example",
        phone="+420585777007",
        vat="CZ29004489",
    ),
    person("stripe:company", full_name="TRUHLARSTVI KVASNICA S.R.O.", email="info@kvasnica.example"),
    person(
        "odoo:9005",
        full_name="Vavřinec Kvasnica",
        company_name="Truhlářství Kvasnica s.r.o.",
        email="vavrinec@kvasnica.example",
        phone="+420585777007",
    ),
    # A source that states a link.
    person("shop:linked", first_name="Medard", last_name="Ouředník", email="medard.o@posta.example"),
    person("stripe:linked", full_name="M. OUREDNIK", email="jiny.mail@posta.example", linked_record_id="shop:linked"),
]

# An initial, and the year or the month of birth mistyped.
CASES += [
    person("pos:year", full_name="Zbyhněv Opařil", birth_on=date(1971, 4, 2)),
    person("shop:year", full_name="Z. Opařil", birth_on=date(1977, 4, 2)),
    person("pos:month", full_name="Přibyslav Smetáček", birth_on=date(1963, 2, 17)),
    person("shop:month", full_name="P. Smetáček", birth_on=date(1963, 11, 17)),
]

# One man twice: house number, zip and family name are wrong once, and the lines of his address are swapped.
CASES += [
    person(
        "pos:lodge",
        first_name="Slavoj",
        last_name="Brechtík",
        street="Jilmová 42",
        street2="Hájovna Bělka",
        city="Nepomuk",
        zip="335 01",
    ),
    person(
        "shop:lodge",
        first_name="Slavoj",
        last_name="Berchtik",
        street="14 Hájovna Bělka",
        street2="Jilmová",
        city="Nepomuk",
        zip="353 01",
    ),
]

# A pet name that no list has: four families have a mailbox on which somebody is Kvidas here and Ctirad there.
CASES += [
    person(f"{system}:pet{n}", first_name=name, last_name=family, email=f"kc{n}77@posta.example")
    for n, family in enumerate(["Drtikol", "Vyhlíd", "Šmeral", "Pokluda"])
    for system, name in (("pos", "Kvidas"), ("shop", "Ctirad"))
]

# The number of a card that happens to be some company's.
CASES += [
    person("loyal:number", first_name="Radana", last_name="Hlubinková", loyalty_code="CZ44556677"),
    person("odoo:9014", kind="company", company_name="Ostrovan Stroje", vat="CZ44556677"),
]

# One wrong letter in a short name, the first one too.
CASES += [
    person("pos:letter", first_name="Rhys", last_name="Dubec", street="Lipová 14", zip="60200"),
    person("shop:letter", first_name="Rqys", last_name="Bubec", street="Lipová 14", zip="60200"),
]

# Two middle names that are equal are no family name, and the legal form of a company may be spelt in letters.
CASES += [
    person("pos:middle", full_name="Alois Bořivoj Kratina"),
    person("shop:middle", full_name="Alois Bořivoj Sklenka"),
    person(
        "odoo:9013", kind="company", company_name="Kranzfeld Metall G.m.b.H. & Co. KG", city="Freising", zip="85354"
    ),
    person("shop:company", kind="company", company_name="KRANZFELDT METALL", city="Freising", zip="85354"),
    person("pos:company", kind="company", company_name="Kranzfeld Metall GmbH", email="office@kranzfeld.example"),
]

# Two contacts of one account; a trader of his own name, who also buys for himself; somebody who orders to the office.
CASES += [
    person(f"{system}:account", full_name=name, company_name="Kartáčovna Zubří", vat="CZ29004510", email=email)
    for system, name, email in [
        ("shop", "Ludvika Žaludová", "zaludova@kartacovna.example"),
        ("pos", "Bohdan Ohřál", "ohral@kartacovna.example"),
    ]
]
CASES += [
    person("shop:trader", full_name="Ctibor Plavec", company_name="Malířství Ctibor Plavec", vat="CZ29004511", **HOME),
    person("pos:trader", full_name="Ctibor Plavec", **HOME),
    person(
        "shop:limited", full_name="Ctirad Kaplan", company_name="Ctirad Kaplan s.r.o.", vat="CZ29004512", **OLD_HOME
    ),
    person("shop:office", full_name="Ludmila Střelcová", company_name="Kartáčovna Zubří", phone="+420606555041"),
]
# Where every invoice names the buyer's tax number, it may be a person's.
CASES += [
    person(f"shop:{country}", full_name=name, company_name="Kartáčovna Zubří", country_code=country, vat=vat)
    for country, name, vat in [
        ("ES", "Casilda Urdaneta", "12345678Z"),
        ("IT", "Ermanno Quagliozzi", "QGLRNN64E07H501K"),
        ("PT", "Benedita Quintela", "PT245678904"),
        ("CZ", "Zdislava Ptáčníková", "CZ6457230019"),
        ("BG", "Raycho Dobrudzhanski", "6405071234"),
        ("BR", "Iracema Guimaraes", "529.982.247-25"),
    ]
]

# A company whose name is too misspelt to be told from a person's.
CASES += [
    person("odoo:9015", kind="company", company_name="Brusírna Tupec", email="info@brusirnatupec.example"),
    person("shop:blunt", full_name="Brusrína Tupce", email="info@brusirnatupec.example"),
]

# Companies of one house, one switchboard and one owner are as many as their names and numbers; words may be turned.
CASES += [
    person(f"{system}:sister{n}", kind="company", company_name=name, vat=vat, phone="+420585777015", **HOME)
    for n, (name, vat) in enumerate([("Zvonařka Dřevo", "CZ29004501"), ("Zvonařka Reality", "CZ29004502")])
    for system in ("pos", "shop")
]
CASES += [
    person("pos:turned", kind="company", company_name="Penzion Javorník", city="Vidnava", zip="790 55"),
    person("shop:turned", kind="company", company_name="Javorník penzion", city="Vidnava", zip="790 55"),
]

# Titles before and behind a name, a number glued to a street and a second name.
CASES += [
    person("pos:titled", full_name="Frau Dr. Adelgunde Hartlieb MD"),
    person("pos:glued", first_name="Kuno", last_name="Sedlmair", street="Streetg597 9", zip="60200"),
    person("shop:glued", first_name="Kuno", last_name="Sedlmair", street="Gartenstr12", zip="60200"),
    person("pos:second", first_name="Ashley M", last_name="Quimbleton"),
    person("shop:second", first_name="Ashley K", last_name="Quimbleton"),
    person("pos:junior", first_name="Torquil", last_name="Wexcombe Jr", street="Lipová 40", zip="77900"),
    person("shop:junior", first_name="Torquil", last_name="Wexcombe", street="Lipová 40", zip="77900"),
]

# A father and his son, who bears the whole of his name.
CASES += [
    person("pos:namesake", full_name="Alois Otakar Kožušník Sr.", **OLD_HOME),
    person("shop:namesake", full_name="Alois Otakar Kožušník Jr.", **OLD_HOME),
]

# A family name of two words beside a middle name, and a particle that is written as part of the name.
CASES += [
    person("pos:lizzy", full_name="Lizzy Schokman-Stange", street="Wilmontstraat 85", zip="1011 AB"),
    person("shop:lizzy", full_name="Lizzy A. Schokman-Stange", street="Wilmontstraat 85", zip="1011 AB"),
    person("pos:joined", full_name="Wout Vandenbosman", phone="+31205550161"),
    person("shop:joined", full_name="Wout van den Bosman", phone="+31205550161"),
]

# Both names with several wrong letters, and nothing else known but a zip.
CASES += [
    person("pos:blurred", first_name="Rebecca", last_name="Thornquist", zip="98207"),
    person("shop:blurred", first_name="Rbecwxa", last_name="Tjorquisr", zip="98207"),
]

# Names and streets in the letters of one country, and the Latin ones that they are compared in.
SCRIPTS = {
    "greek": ("Ευάγγελος", "Μπουρνάζος", "Λεωφόρος Αυλώνος 7", "evangelos", "bournazos", "avlonos"),
    "bulgarian": ("Цветелина", "Търновска", "бул. Витоша 7", "tsvetelina", "tarnovska", "vitosha"),
    "ukrainian": ("Тарас", "Пилипенко", "вул. Шкільна 7, кв. 12", "taras", "pilipenko", "shkilna"),
    "serbian": ("Ђура", "Љубисављевић", "ул. Церска 7", "dura", "ljubisavljevic", "tserska"),
    "kazakh": ("Әсел", "Қожахмет", "ул. Арай 7", "asel", "kozhahmet", "arai"),
    "armenian": ("Երվանդ", "Հարությունյան", "Աբովյան 7", "yervand", "harutyunyan", "abovyan"),
    "georgian": ("თამარ", "ჭავჭავაძე", "ვაჟა 7", "tamar", "chavchavadze", "vazha"),
}
CASES += [
    person(f"shop:letters-{country}", first_name=first, last_name=last, street=street)
    for country, (first, last, street, *_) in SCRIPTS.items()
]

# Scripts that nothing is transliterated from: names are compared within one, and say nothing across two.
CASES += [
    person("shop:hebrew", first_name="דוד", last_name="אלמוג", phone="+420602777011"),
    person("pos:hebrew", full_name="דוד אלמוג", phone="+420602777011"),
    person("shop:husband", first_name="志明", last_name="陳", email="c@posta.example", phone="+420585777012", **HOME),
    person("odoo:9011", full_name="陳, 美玲", email="c@posta.example", phone="+420585777012", **HOME),
    person("shop:kanji", full_name="山田太郎", email="ty1961@posta.example", phone="+420602777013"),
    person("pos:romaji", first_name="Taro", last_name="Yamada", email="ty1961@posta.example", phone="+420602777013"),
    person("odoo:9012", first_name="太郎", last_name="山田", email="ty1961@posta.example", phone="+420602777013"),
]

# What a clerk types where a customer gives nothing: one mailbox and one number for people who share nothing else.
STRANGERS = [
    ("Kazimír", "Dobeš"),
    ("Svatava", "Mlejnková"),
    ("Otmar", "Prusík"),
    ("Blahoslav", "Hejtmánek"),
    ("Drahomíra", "Zouharová"),
    ("Evžen", "Kašpárek"),
    ("Ctibor", "Ryšavý"),
    ("Hubert", "Soukal"),
    ("Kazimír", "Dobeš"),
]
CASES += [
    person(f"pos:dummy{n}", first_name=first, last_name=last, email="prodejna17@retail.example", phone="+420700100200")
    for n, (first, last) in enumerate(STRANGERS)
]
SEEN = ("J. Kolářová", "seen at the counter", date(2026, 1, 5))
DECISIONS = [
    ("customers", "shop:anna", "pos:anna", "cannot", *SEEN),
    ("customers", "loyal:father", "odoo:9003", "must", *SEEN),
    ("products", "pos:dummy0", "pos:dummy1", "must", *SEEN),
]
