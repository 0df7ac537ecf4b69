"""One person's values in the forms that systems write them in are one and the same evidence."""

from __future__ import annotations

import csv

import duckdb
import pytest

from pipelines import trial
from pipelines.mapping import load

COLUMNS = ["id", "system", "full", "first", "last", "email", "phone", "street", "street2", "city", "zip", "country"]
MAPPING = """
records:
  id: id
  source: system
  attributes:
    full_name: full
    first_name: first
    last_name: last
    email: email
    phone: phone
    street: street
    street2: street2
    city: city
    zip: zip
    country_code: country
truth: {record: id, entity: id}
"""
NAME = {"first": "Jürgen", "last": "Möller"}
# What is written, and what it is; of names, the first and the last.
FORMS = {
    "letters read in the wrong encoding": ({"first": "JÃ¼rgen", "last": "MÃ¶ller"}, NAME),
    "letters as a web page writes them": ({"first": "J&uuml;rgen", "last": "M&#xF6;ller"}, NAME),
    "an apostrophe as a page writes it": ({"first": "Ann", "last": "O&#39;Brien"}, {"first": "Ann", "last": "O'Brien"}),
    "what only looks like a letter of a web page": ({"last": "Holt &Sons;"}, {"last": "Holt & Sons;"}),
    "a control character written as a letter": ({"last": "Holt&#00;Sons"}, {"last": "Holt Sons"}),
    "marks of no width": ({"first": "Jür\u200bgen", "last": "\ufeffMöl\u00adler"}, NAME),
    "a lost letter parts no word": ({"first": "J?rgen", "last": "M\ufffdller"}, {"first": "Jrgen", "last": "Mller"}),
    "titles of the north and the south": ({"full": "Hr. Jürgen Möller"}, NAME),
    "titles of India": ({"full": "Smt. Jürgen Möller"}, NAME),
    "a legal form in words": (
        {"full": "Möllerhof Gesellschaft mit beschränkter Haftung", "city": "Graz"},
        {"full": "Möllerhof GmbH", "city": "Graz"},
    ),
    "a legal form of another country": ({"full": "Mollerhof Sdn. Bhd."}, {"full": "Mollerhof Private Limited"}),
    "a legal form in letters": ({"full": "Möllerhof G. m. b. H."}, {"full": "Möllerhof GmbH"}),
    "a legal form at full length": ({"full": "Möllerhof spol. s r.o."}, {"full": "Möllerhof s.r.o."}),
    "a legal form with dots": ({"full": "Möllerhof S.A."}, {"full": "Möllerhof SA"}),
    "an English legal form": ({"full": "Mollerhof Limited"}, {"full": "Mollerhof Ltd."}),
    "a legal form with an and": ({"full": "Möllerhof GmbH und Co. KG"}, {"full": "Möllerhof GmbH & Co. KG"}),
    "letters and digits of double width": (
        {"last": "Ｍöｌｌｅｒ", "phone": "０３０－１２３４５６７", "zip": "８０３３１", "street": "Ａｍ　Ｈｏｆ　４"},
        {"last": "Möller", "phone": "030-1234567", "zip": "80331", "street": "Am Hof 4"},
    ),
    "syllables of half width": ({"first": "ﾓﾓｺ", "last": "ｱﾍﾞ"}, {"first": "モモコ", "last": "アベ"}),
    "a block and a house in words": (
        {"street": "三軒茶屋3丁目20番14号 コーポ502", "country": "JP"},
        {"street": "三軒茶屋３－２０－１４", "country": "JP"},
    ),
    "a title of two words": ({"first": "Dr. med. Jürgen", "last": "Möller"}, NAME),
    "a degree behind a comma": ({"full": "Jürgen Möller, Ph.D."}, NAME),
    "a degree behind two commas": ({"full": "Möller, Jürgen, MBA"}, NAME),
    "a whole name where the family's stands": ({"last": "Jürgen Möller"}, NAME),
    "a whole name with a comma where the family's stands": ({"last": "Möller, Jürgen"}, NAME),
    "a double family name is no whole name": ({"last": "Möller-Lüde"}, {"last": "Lüde"}),
    "a placeholder in front of a name": ({"first": "N/A", "last": "Möller"}, {"last": "Möller"}),
    "a placeholder behind a name": ({"first": "Jürgen", "last": "NULL"}, {"first": "Jürgen"}),
    "an accent as apostrophe": ({"first": "Ann", "last": "O´Brien"}, {"first": "Ann", "last": "O'Brien"}),
    "a link to write to": ({"email": "mailto:Jana@posta.example"}, {"email": "jana@posta.example"}),
    "a mailbox with its owner": ({"email": '"Jana N." <jana@posta.example>'}, {"email": "jana@posta.example"}),
    "several mailboxes": ({"email": "jana@posta.example; j.n@prace.example"}, {"email": "jana@posta.example"}),
    "a space in a mailbox": ({"email": "jana @posta.example"}, {"email": "jana@posta.example"}),
    "a number taken for an amount": ({"phone": "4.91511234567E+11"}, {"phone": "+491511234567"}),
    "a number with a fraction": ({"phone": "4915112345678.0"}, {"phone": "+4915112345678"}),
    "a number that lost its digits": ({"phone": "4.9151E+11"}, {}),
    "two numbers": ({"phone": "030 1234567 / 0151 12345678"}, {"phone": "030 1234567"}),
    "an area code behind a stroke": ({"phone": "030/1234567"}, {"phone": "030 1234567"}),
    "an extension in German": ({"phone": "030 1234567 Durchwahl 12"}, {"phone": "030 1234567"}),
    "a zip that lost its zero": ({"zip": "1067", "country": "DE"}, {"zip": "01067", "country": "DE"}),
    "a zip of four digits": ({"zip": "1067", "country": "AT"}, {"zip": "1067", "country": "AT"}),
    "a zip with a fraction": ({"zip": "80331.0"}, {"zip": "80331"}),
    "a zip with its country": ({"zip": "D-80331"}, {"zip": "80331"}),
    "a zip with a delivery route": ({"zip": "10115-1234"}, {"zip": "10115"}),
    "a zip in front of its city": ({"city": "80331 München"}, {"city": "München", "zip": "80331"}),
    "a zip that is none": ({"zip": "99999"}, {}),
    "a city by post": ({"city": "Paris CEDEX 15"}, {"city": "Paris"}),
    "a street that is not known": ({"street": "N/A"}, {}),
    "a house by word": ({"street": "Rosenplatz Nr. 4"}, {"street": "Rosenplatz 4"}),
    "a flat behind the house": ({"street": "Zeisigweg 4 Whg. 12"}, {"street": "Zeisigweg 4"}),
    "a post box is a number and no street": ({"street": "Postfach 6641"}, {"street": "6641"}),
    "a post box in English": ({"street": "P.O. Box 6641"}, {"street": "PO-Box No. 6641"}),
    "a post box in Spanish": ({"street": "Apartado de Correos 6641"}, {"street": "Apdo. 6641"}),
    "a post box behind a street": (
        {"street": "Zeisigweg 4, P.O. Box 6641", "city": "Graz"},
        {"street": "Zeisigweg 4", "city": "Graz"},
    ),
    "a post box behind a street in one line": ({"street": "Zeisigweg 4, P.O. Box 6641"}, {"street": "Zeisigweg 4"}),
    "a post box behind a city in one line": (
        {"street": "Zeisigweg 4, Graz, P.O. Box 6641"},
        {"street": "Zeisigweg 4, Graz"},
    ),
    "a post box between a street and a city": (
        {"street": "Zeisigweg 4, Postfach 6641, 8010 Graz"},
        {"street": "Zeisigweg 4, 8010 Graz"},
    ),
    "a post box above a street": (
        {"street": "P.O. Box 6641", "street2": "Zeisigweg 4", "city": "Graz"},
        {"street": "Zeisigweg 4", "city": "Graz"},
    ),
    "a post box below a street": (
        {"street": "Zeisigweg 4", "street2": "P.O. Box 6641", "city": "Graz"},
        {"street": "Zeisigweg 4", "city": "Graz"},
    ),
    "a post box in front of a street": (
        {"street": "P.O. Box 6641, Zeisigweg 4", "city": "Graz"},
        {"street": "Zeisigweg 4", "city": "Graz"},
    ),
    "a post box in pairs of digits": ({"street": "Postfach 10 06 41"}, {"street": "Postfach 100641"}),
    "a post box of an office": ({"street": "Post Office Box 6641"}, {"street": "P.O. Box 6641"}),
    "a street that only begins like a post box": ({"street": "Boxer Street 7"}, {"street": "Boxer 7"}),
    "a hill that is called a box": ({"street": "Box Hill Road 5"}, {"street": "Box Hill Rd. 5"}),
    "initials that are no post box": ({"street": "P. Obrien Street 4"}, {"street": "P Obrien 4"}),
    "a place that stands behind its street, too": (
        {"street": "Zeisigweg 4, 80331 München", "city": "München", "zip": "80331"},
        {"street": "Zeisigweg 4", "city": "München", "zip": "80331"},
    ),
}  # fmt: skip
COMPARED = ["first_name", "last_name", "email", "phone_1", "street", "house", "city", "zip", "is_company", "legal_form"]
TURNED = ["Anna Bergmann", "Maria Zapletal", "David Kruse", "Peter Holub", "Julia Vrba", "Daniel Kolb"]
TURNED += ["Eva Sedlak", "Michael Rau", "Katharina Brandt", "Robert Fink", "Susan Bloch", "Andrew Kelb"]

LEGAL = {"KG": "kg", "GmbH & Co. KG": "gmbhkg", "GbmH & Co. KG": None, "GmbH & Co": None, "Co Ltd": "ltd", "plc": "plc"}
LEGAL |= {"& Co.": None, "AG": "ag", "a.s.": "as", "Sp. z o.o.": "zoo", "UG (haftungsbeschränkt)": "ug", "Inc.": "inc"}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    rows = []
    for number, forms in enumerate(FORMS.values()):
        rows += [{"id": f"{number}{half}", "system": "shop", **form} for half, form in zip("ab", forms, strict=True)]
    for number, name in enumerate(TURNED):
        given, family = name.split()
        rows += [{"id": f"turned{number}", "system": "till", "full": f"{family.upper()} {given}"}]
        rows += [{"id": f"whole{number}", "system": "kiosk", "first": name}]
        rows += [{"id": f"given{number}", "system": "app", "first": given}]
    rows += [
        {"id": f"form{number}", "system": "erp", "full": f"Kupferhütte {form}"} for number, form in enumerate(LEGAL)
    ]
    rows += [
        {"id": "turnedm", "system": "till", "full": "NOVOTNY Anna Maria"},
        {"id": "givenm", "system": "app", "first": "Anna Maria"},
    ]
    with (folder / "records.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    (folder / "forms.yml").write_text(MAPPING)
    laid = trial.lay(folder / "home", load(folder / "forms.yml"), [folder / "records.csv"])
    trial.match(laid.settings, "customers", "evidence")
    with duckdb.connect(str(laid.settings.warehouse), read_only=True) as warehouse:
        told = f"select record_id, {', '.join(COMPARED)} from matched.matched_customers__evidence"
        return {row[0].removeprefix("file1:"): row[1:] for row in warehouse.execute(told).fetchall()}


@pytest.mark.parametrize(("number", "form"), list(enumerate(FORMS)), ids=list(FORMS))
def test_a_form_is_evidence_as_the_plain_value_is(evidence, number, form):
    assert evidence[f"{number}a"] == evidence[f"{number}b"]


def test_one_legal_form_is_told_from_another_and_one_of_which_a_part_is_lost_is_none(evidence):
    assert [evidence[f"form{number}"][-1] for number in range(len(LEGAL))] == list(LEGAL.values())


def test_where_a_system_has_family_names_first_they_are_family_names(evidence):
    told = [" ".join(evidence[f"turned{number}"][:2]) for number in range(len(TURNED))]
    assert told == [name.lower() for name in TURNED]
    assert evidence["turnedm"][:2] == ("anna", "novotny")


def test_where_a_system_has_whole_names_for_given_names_they_are_taken_apart(evidence):
    told = [" ".join(evidence[f"whole{number}"][:2]) for number in range(len(TURNED))]
    assert told == [name.lower() for name in TURNED]
    assert evidence["givenm"][:2] == ("anna", None)
