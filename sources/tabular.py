"""Tables in files, CSV and workbooks: lines as rows keyed by the contract's columns, and what is wrong with a file.

A file that is not what the contract says is refused whole (BadFile); a line that is not carries its problem.
"""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

import orjson

from sources.contract import Stream
from sources.records import MORE

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF16_LE: "utf-16"}
_BOMS |= {codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_BE: "utf-16"}
_WESTERN = ("cp1252", "iso8859-1")
_CONTROLS = re.compile("[\x80-\x84\x86-\x9f]")
_CENTRAL = re.compile(r"[áíýž]ø|ø[áíýž]|[áíý][èòì]|[èòì][áíý]|[^\W\d_][ì¹³¾¿](?=[^\W\d_])", re.IGNORECASE)
"""What no western language has, but cp1250 read as cp1252: Dvoøák, Horáèek, Ma³gorzata; a few may have come so."""
_CENTRAL_LEAST, _CENTRAL_SHARE = 3, 0.05
_NO_TEXTS = {b"\x1f\x8b": "a gzip archive", b"PK\x03\x04": "a workbook or zip archive", b"%PDF": "a PDF"}
_OLD_BOOK = b"\xd0\xcf\x11\xe0"
_CHUNK = 1 << 20
_LONGEST_CELL = 1 << 20
_LONGEST_LINE = 4 * _CHUNK
_INFLATED = 100
_MOST_COLUMNS = 16_384
_BROKEN_BOOK = (
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    OSError,
    ET.ParseError,
    TypeError,
    ValueError,
    OverflowError,
)


class BadFile(ValueError):
    """A file that is not what was promised; the message says what is wrong with it and never quotes it.

    `sample`: its first lines as texts, for quarantine.
    """

    sample: list[str] = []


@dataclass(slots=True)
class Row:
    """One line: where it stands, and either its cells by column or what is wrong with it. `cells`: as they came."""

    line: int
    values: dict[str, Any]
    problem: str | None = None
    cells: Sequence[Any] = ()

    @property
    def text(self) -> str:
        """The line as a text, for the table of rejects alone."""
        return _joined(self.cells)


def read_csv(path: Path, stream: Stream) -> Iterator[Row]:
    """The rows of a delimited text. Raises BadFile."""
    facts = stream.files
    with path.open(encoding=encoding_of(path, facts.encoding), newline="") as text:
        csv.field_size_limit(_LONGEST_CELL)
        lines = csv.reader(text, delimiter=facts.delimiter, strict=True)
        try:
            yield from _rows(((lines.line_num, cells) for cells in lines), stream, exact=True)
        except csv.Error as error:
            raise BadFile(f"line {lines.line_num}: its quoting is broken ({error})") from None


def read_xlsx(path: Path, stream: Stream) -> Iterator[Row]:
    """The rows of one sheet of a workbook, with the values that its cells hold. Raises BadFile."""
    yield from _rows(enumerate(_sheet(path, stream.files.sheet), 1), stream, exact=False)


def _sheet(path: Path, wanted: str | None) -> Iterator[tuple[Any, ...]]:
    """The cells of each row of the sheet, of the first one if none is named. Raises BadFile."""
    # Imported only where it is needed.
    from openpyxl import load_workbook

    with path.open("rb") as file:
        _refuse_bomb(file)
        try:
            book = load_workbook(file, read_only=True, data_only=True)
            sheet = next((one for one in book.worksheets if wanted in (None, one.title)), None)
            if sheet is not None:
                # The size that a workbook states may be a million times what it holds.
                sheet.reset_dimensions()
                yield from sheet.iter_rows(values_only=True)
        except _BROKEN_BOOK as error:
            raise BadFile(f"is no workbook that can be read ({type(error).__name__})") from None
    if sheet is None:
        raise BadFile(f"has no sheet {wanted or 'at all'}")


def _refuse_bomb(file: BinaryIO) -> None:
    """A workbook inflates some twenty times; what inflates a hundred times and fills the memory is none."""
    if file.read(len(_OLD_BOOK)) == _OLD_BOOK:
        raise BadFile("is a workbook of the old kind, .xls, or has a password: have it saved as .xlsx without one")
    try:
        parts = zipfile.ZipFile(file).infolist()
    except zipfile.BadZipFile:
        raise BadFile("is no workbook") from None
    for part in parts:
        if part.file_size > _INFLATED * max(part.compress_size, _CHUNK):
            raise BadFile(f"would inflate to {part.file_size >> 20:,} MB: no workbook does")


FORMATS = {"csv": read_csv, "xlsx": read_xlsx}


def encoding_of(path: Path, otherwise: str, longest: int = _LONGEST_LINE) -> str:
    """UTF-8 or UTF-16 where a BOM says so, UTF-8 where all of the file is, else the one given. Raises BadFile.

    A text in another encoding that is valid UTF-8 by chance, beyond plain ASCII, does not happen. `longest`: bytes of
    a line, roughly.
    """
    with path.open("rb") as file:
        start = file.read(4)
    for mark, kind in _NO_TEXTS.items():
        if start.startswith(mark):
            raise BadFile(f"is no text: it is {kind}")
    for mark, name in _BOMS.items():
        if start.startswith(mark):
            return _proven(path, name, longest)
    try:
        return _proven(path, "utf-8", longest)
    except BadFile:
        if otherwise.lower() in ("utf-8", "utf8"):
            raise
    return _proven(path, otherwise, longest)


def _proven(path: Path, encoding: str, longest: int) -> str:
    decoder, seen, endless = codecs.getincrementaldecoder(encoding)(), 0, 0
    western, letters, strange = codecs.lookup(encoding).name in _WESTERN, 0, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if b"\0" in chunk and not encoding.startswith(("utf-16", "utf-32")):
                raise BadFile("is no text: it holds zero bytes")
            endless = 0 if b"\n" in chunk or b"\r" in chunk else endless + len(chunk)
            if endless >= longest:
                raise BadFile(f"has a line longer than {longest >> 20} MB, before byte {seen + len(chunk):,}")
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise BadFile(f"is not {encoding}, at byte {seen + error.start:,}") from None
            if western:
                if _CONTROLS.search(text):
                    raise BadFile(f"is not {encoding}: it holds controls, as letters of cp1250 or cp1252 look in it")
                letters += len(text) - len(text.encode("ascii", "ignore"))
                strange += len(_CENTRAL.findall(text))
            seen += len(chunk)
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise BadFile(f"is not {encoding}: it breaks off within a character") from None
    if strange >= max(_CENTRAL_LEAST, letters * _CENTRAL_SHARE):
        raise BadFile(f"is not {encoding}: letters stand side by side in it as those of cp1250 do")
    return encoding


def _rows(lines: Iterable[tuple[int, Iterable[Any]]], stream: Stream, exact: bool) -> Iterator[Row]:
    """Rows below the header; empty lines are none. `exact`: every line has as many fields as the header."""
    found = ((number, list(cells)) for number, cells in lines)
    for _ in range(stream.files.skip):
        next(found, None)
    header: list[str] | None = None
    sample: list[str] = []
    for number, cells in found:
        if all(cell is None or cell == "" for cell in cells):
            continue
        if header is None:
            sample.append(_joined(cells))
            header = _header(cells, stream, sample)
            continue
        yield _row(number, cells, header, exact)
    if header is None:
        raise BadFile("is empty: it has not even a header")


def _header(cells: list[Any], stream: Stream, sample: list[str]) -> list[str]:
    """The contract's name of each column of the file; other columns keep their own name behind a mark."""
    wanted = {_plain(column.header or name): name for name, column in stream.columns.items()}
    found = [_plain(cell) for cell in cells]
    while found and not found[-1]:
        found.pop()
    if len(found) > _MOST_COLUMNS:
        raise BadFile(f"has a header of {len(found):,} columns")
    missing = [name for header, name in wanted.items() if header not in found]
    problem = f"has lost the column {', '.join(missing)}" if missing else ""
    if twice := sorted({name for name in found if found.count(name) > 1 and name in wanted}):
        problem = f"has the column {wanted[twice[0]]} twice"
    if problem:
        bad = BadFile(problem)
        bad.sample = sample
        raise bad
    names, taken = [], set()
    for place, (name, cell) in enumerate(zip(found, cells, strict=False), 1):
        own = str(cell).strip() if name else f"column {place}"
        names.append(wanted.get(name, f"{MORE}.{own if own not in taken else f'{own}, column {place}'}"))
        taken.add(own)
    return names


def _plain(cell: Any) -> str:
    return " ".join(str(cell if cell is not None else "").split()).casefold()


def _row(number: int, cells: list[Any], header: list[str], exact: bool) -> Row:
    beyond = any(cell not in (None, "") for cell in cells[len(header) :])
    if beyond or (exact and len(cells) < len(header)):
        return Row(number, {}, f"has {len(cells)} fields where the header has {len(header)}", cells)
    values = dict(zip_longest(header, cells[: len(header)]))
    extra = [name for name in header if name.startswith(f"{MORE}.")]
    more = {name[len(MORE) + 1 :]: value for name in extra if (value := values.pop(name)) not in (None, "")}
    values[MORE] = orjson.dumps(more, str, orjson.OPT_SORT_KEYS).decode() if more else None
    return Row(number, values, None, cells)


def _joined(cells: Sequence[Any]) -> str:
    return ";".join("" if cell is None else str(cell) for cell in cells)
