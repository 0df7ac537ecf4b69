"""Mappings of people's files, as text."""

from pathlib import Path

PEOPLE = """
records:
  id: id
  source: system
  attributes:
    full_name: full_name
    first_name: first_name
    last_name: last_name
    email: email
    phone: phone
    street: street
    zip: zip
    city: city
    country_code: country_code
    birth_on: {column: born, format: "%d.%m.%Y"}
    loyalty_code: loyalty_code
"""
BY_ENTITY = PEOPLE + "truth: {record: id, entity: person}\n"
BY_PAIR = PEOPLE + "truth: {left: a, right: b, label: same}\n"
TWO_FILES = """
records:
  - {id: id, source: {value: left}, attributes: {full_name: name}}
  - {id: id, source: {value: right}, attributes: {full_name: name}}
truth: {left: a, right: b}
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
