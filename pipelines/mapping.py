"""How somebody's own files say what a domain's attributes are: the mapping of `assay match eval`, and reading by it.

Only columns are mapped. Nothing here or in a mapping changes how records are compared.
"""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal, get_args

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.macros import returned
from sources.declared import read_texts
from sources.tabular import BadFile, encoding_of

LONGEST_LINE = 64_000_000
AROUND = r"^[^0-9.-]+|[^0-9]+$|[ '’\x{a0}\x{2009}\x{202f}]([0-9]{3})\b"
"""What stands around an amount, and spaces and apostrophes between its thousands: CHF 1'299.00 is 1299.00."""
DECIMAL_COMMA = r",([0-9]{1,2}|[0-9]{4,})$"
THOUSANDS_POINT = r"^[^0-9]*[1-9][0-9]{0,2}\.[0-9]{3}[^0-9]?(€|EUR|kr|DKK|NOK|SEK|zł|PLN|lei|RON|Ft|HUF|Kč)$"
"""Where this currency stands behind the amount the decimal sign is a comma: 1.299 € is 1299.00, 1.299 KWD is 1.299."""
PARQUET = b"PAR1"
UNQUOTED = "(empty)"  # as DuckDB says of a file in whose first lines it saw no quotes
NO_TEXT = re.compile(r"\]$|^(STRUCT|MAP|UNION|BLOB|BIT)\b")
"""Types of columns that no text of one value can be made of."""
LINES = (
    f"`encoding`, `separator`, quotes, and that all lines have as many values and at most {LONGEST_LINE:,} characters"
)
Encoding = Literal["utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "windows-1250", "windows-1252"]


class UnusableInput(ValueError):
    """A mapping or a file that cannot be used as it is; the message says which, why and what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Attribute(_Strict):
    """Where an attribute's value comes from: a column, several joined by a space, or one constant for all records."""

    column: str | None = None
    columns: list[str] = []
    value: str | None = None
    format: str | list[str] | None = Field(None, description="of a date, or all of them, as strptime has it: %Y%m%d")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"column": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_way(self) -> Attribute:
        if self.format:
            try:
                duckdb.execute(f"select try_strptime('', [{', '.join(map(quoted, self._formats))}])")
            except duckdb.Error:
                raise ValueError(f"{self.format!r} is no format of a date; %d.%m.%Y is one") from None
        if sum((self.column is not None, bool(self.columns), self.value is not None)) != 1:
            raise ValueError("name a column, or columns to join, or a constant value")
        return self

    @property
    def names(self) -> list[str]:
        return [self.column] if self.column else self.columns

    @property
    def _formats(self) -> list[str]:
        return [self.format] if isinstance(self.format, str) else self.format or []

    @property
    def text(self) -> str:
        """The value as SQL of a text; null where the file has none."""
        if self.value is not None:
            return quoted(self.value)
        texts = (f"nullif(trim({named(name)}), '')" for name in self.names)
        return f"nullif(concat_ws(' ', {', '.join(texts)}), '')"

    def sql(self, type: str) -> str:
        """The value as SQL of a type; null where it does not fit. 1988-04-12 is a date whatever the `format`.

        Of a date whose year is written with two digits, it is the last such year that has come.
        """
        if self.format:
            written = ", ".join(dated(self.text, each, type) for each in self._formats)
            return f"coalesce({written}, try_cast({self.text} as {type}))"
        if type.startswith("decimal"):
            return f"try_cast({_amount(self.text)} as {type})"
        return self.text if type == "varchar" else f"try_cast({self.text} as {type})"


def dated(text: str, written: str, type: str) -> str:
    """SQL of a text `written` so, as a type. With %Y strptime takes 71 for the year 71, with %y for one to come."""
    read = f"try_cast(try_strptime({text}, {quoted(written)}) as {type})"
    if type != "date":
        return read
    short = "true" if "%y" in written else "year(d) < 100"
    last = "d + to_years(case when year(d) < 100 then 2000 else 0 end)"
    last = f"case when {last} > current_date then {last} - to_years(100) else {last} end"
    return f"list_transform([{read}], lambda d: case when {short} then cast({last} as date) else d end)[1]"


def _amount(text: str) -> str:
    """The number in a text of money as SQL: $1,299.00, 1.299,00 € and 1.299 € are 1299.00, 1.299.000 a million."""
    bare = f"regexp_replace({text}, {quoted(AROUND)}, '\\1', 'g')"
    return f"""case
        when regexp_matches({bare}, {quoted(DECIMAL_COMMA)}) then replace(replace({bare}, '.', ''), ',', '.')
        when regexp_matches({bare}, '^-?[0-9]{{1,3}}(\\.[0-9]{{3}}){{2,}}$')
            or regexp_matches({text}, {quoted(THOUSANDS_POINT)}) then replace({bare}, '.', '')
        else regexp_replace({bare}, ',([0-9]{{3}})\\b', '\\1', 'g')
    end"""


class Readable(_Strict):
    """How a file is written, where DuckDB could not tell: CSV separator and encoding. Parquet needs neither."""

    separator: str | None = None
    encoding: Encoding = "utf-8"


class RecordFile(Readable):
    """A file of records: its id column, the source that a record comes from, and the attributes that it has."""

    id: str
    source: Attribute = Attribute(value="records")
    attributes: dict[str, Attribute] = Field(min_length=1)


class TruthFile(Readable):
    """What is the same: a row per record with its entity, or a row per pair, with or without a label of 1 or 0."""

    record: str | None = None
    entity: str | None = None
    left: str | None = None
    right: str | None = None
    label: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> TruthFile:
        if bool(self.record and self.entity) == bool(self.left and self.right):
            raise ValueError("name record and entity (a row per record), or left and right (a row per pair)")
        return self


class Files(_Strict):
    """Names of the files below the folder that --data gives."""

    records: list[str]
    truth: list[str]
    test: str | None = None


class Mapping(_Strict):
    """A mapping as read from YAML."""

    name: str
    domain: Literal["customers", "products"] = "customers"
    description: str = ""
    records: list[RecordFile] = Field(min_length=1)
    truth: TruthFile
    files: Files | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_kind_of_file(cls, given: Any) -> Any:
        one = isinstance(given, dict) and isinstance(given.get("records"), dict)
        return {**given, "records": [given["records"]]} if one else given

    def record_file(self, position: int) -> RecordFile:
        return self.records[min(position, len(self.records) - 1)]


def load(path: Path) -> Mapping:
    """The mapping in a YAML file. Raises UnusableInput with file, key and remedy."""
    try:
        given = read_texts(path.read_text(encoding="utf-8"))
        mapping = Mapping(**{"name": path.stem, **(given or {})})
    except OSError as error:
        raise UnusableInput(f"mapping {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        raise UnusableInput(f"mapping {path.name} is no YAML mapping: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        told = [f"{'.'.join(map(str, e['loc'])) or 'mapping'}: {e['msg']}" for e in error.errors()]
        raise UnusableInput(f"mapping {path.name}: {'; '.join(told)}") from error
    shape = conformed_shape(mapping.domain)
    for record_file in mapping.records:
        unknown = sorted(set(record_file.attributes) - set(shape))
        if unknown:
            known = ", ".join(shape)
            raise UnusableInput(
                f"mapping {path.name}: {mapping.domain} have no {', '.join(unknown)}; they have {known}"
            )
        for name, attribute in record_file.attributes.items():
            if attribute.format and shape[name] not in ("date", "timestamp"):
                raise UnusableInput(f"mapping {path.name}: {name} is no date and has no `format`")
    return mapping


def conformed_shape(domain: str) -> dict[str, str]:
    """Attributes and types of a domain, as the macro of that name declares them."""
    return returned("shapes/conformed.sql", "conformed_shape", domain)


def view(db: duckdb.DuckDBPyConnection, name: str, path: Path, how: Readable, needed: list[str]) -> int:
    """Make the file a view of texts called `name` and return its rows. Raises UnusableInput if it cannot be used."""
    if not path.exists():
        raise UnusableInput(f"{path} does not exist")
    if not path.stat().st_size:
        raise UnusableInput(f"{path.name} is empty")
    if path.is_dir():
        raise UnusableInput(f"{path} is a folder; name a file")
    with path.open("rb") as file:
        parquet = path.suffix.lower() == ".parquet" or file.read(len(PARQUET)) == PARQUET
    try:
        with nullcontext(path) if parquet else _in_utf8(path, how.encoding) as file:
            reader = f"read_parquet({quoted(str(file))})" if parquet else _csv(db, quoted(str(file)), how)
            types = {row[0]: row[1] for row in db.execute(f"describe from {reader}").fetchall()}
            suspects = [column for column in dict.fromkeys(needed) if f"{column}_1".lower() in map(str.lower, types)]
            if suspects and not parquet:
                _refuse_namesakes(db, path, reader, suspects)
            texts = ", ".join(_text(column, type) for column, type in types.items())
            db.execute(f"create or replace temp table {name} as select {texts} from {reader}")
    except BadFile as error:
        stated = f"its `encoding` in the mapping ({', '.join(get_args(Encoding))})"
        raise UnusableInput(f"{path.name} {error}; give CSV, with {stated} if it is not utf-8, or Parquet") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnusableInput(f"{path.name} cannot be unpacked: it is no whole gzip archive") from error
    except duckdb.Error as error:
        remedy = "it is no Parquet file" if parquet else f"check {LINES}"
        line = re.search(r"on Line: (\d+)", str(error))
        place = f"{path.name}, line {line[1]}," if line else path.name
        raise UnusableInput(f"{place} cannot be read ({type(error).__name__}): {remedy}") from error
    columns = [row[0] for row in db.execute(f"describe {name}").fetchall()]
    missing = [column for column in dict.fromkeys(needed) if column not in columns]
    if missing:
        unlike = "" if parquet or set(columns) & set(needed) else f"; check {LINES}"
        raise UnusableInput(
            f"{path.name} has no column {', '.join(missing)}; it has {', '.join(columns)[:400]}{unlike}"
        )
    if no_text := [column for column in dict.fromkeys(needed) if NO_TEXT.search(types[column])]:
        raise UnusableInput(f"{path.name}: {', '.join(no_text)} holds lists, structures or bytes and no texts")
    rows = db.execute(f"select count(*) from {name}").fetchone()[0]
    if not rows:
        raise UnusableInput(f"{path.name} holds no rows")
    return rows


def _csv(db: duckdb.DuckDBPyConnection, file: str, how: Readable) -> str:
    """What reads a CSV file as texts, as SQL.

    DuckDB looks for quotes in the first 20,480 lines alone. Where these have none later ones still may; a file that
    cannot be read with quotes has none: there such a mark belongs to the value.
    """
    separator = f", sep={quoted(how.separator)}" if how.separator else ""
    # What DuckDB takes for comments, it leaves out: ids that begin with #.
    options = f"{file}, all_varchar=true, header=true, comment='', max_line_size={LONGEST_LINE}{separator}"
    if db.execute(f"select quote from sniff_csv({options})").fetchone()[0] == UNQUOTED:
        try:
            db.execute(f"select count(columns(*)) from read_csv({options}, quote='\"')")
            return f"read_csv({options}, quote='\"')"
        except duckdb.Error:
            pass
    return f"read_csv({options})"


def _refuse_namesakes(db: duckdb.DuckDBPyConnection, path: Path, reader: str, suspects: list[str]) -> None:
    """Raise UnusableInput where a column stands twice: DuckDB calls the second of two columns x x_1, as a file may."""
    header = db.execute(f"from {reader.replace('header=true', 'header=false')} limit 1").fetchone()
    names = [str(name).strip().lower() for name in header]
    if twice := [column for column in suspects if names.count(column.lower()) > 1]:
        raise UnusableInput(
            f"{path.name} has more than one column {', '.join(twice)}; give each of them a name of its own"
        )


@contextmanager
def _in_utf8(path: Path, stated: str) -> Iterator[Path]:
    """The file, or a copy of it in UTF-8 that is gone afterwards. Raises BadFile where it is no text so encoded."""
    with tempfile.TemporaryDirectory(prefix="assay-read-") as folder:
        plain, copy = path, Path(folder) / "copy.csv"
        if path.suffix.lower() == ".gz":
            plain = Path(folder) / "unpacked.csv"
            with gzip.open(path) as packed, plain.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
        encoding = encoding_of(plain, stated, LONGEST_LINE)
        if encoding == "utf-8":
            yield plain
            return
        with plain.open(encoding=encoding, newline="") as given, copy.open("w", encoding="utf-8", newline="") as file:
            shutil.copyfileobj(given, file)
        yield copy


def _text(column: str, type: str) -> str:
    """A column as SQL of texts; of fractions, as which whole numbers with gaps are kept, 7.0 is 7, NaN nothing."""
    name = named(column)
    text = f"cast({name} as varchar)"
    if type in ("FLOAT", "DOUBLE"):
        text = f"nullif(regexp_replace({text}, '\\.0$', ''), 'nan')"
    return f"{text} as {name}"


def named(column: str) -> str:
    """A column's name as SQL."""
    return '"' + column.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"
