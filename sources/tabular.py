"""Tables in files, CSV and workbooks: lines as rows keyed by the contract's columns, and what is wrong with a file.

A file that is not what the contract says is refused whole (BadFile); a line that is not carries its problem.
"""

from __future__ import annotations

import codecs
import csv
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import orjson

from sources.contract import Stream
from sources.records import MORE

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CHUNK = 1 << 20
_LONGEST_CELL = 1 << 20


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
    # Imported only where it is needed.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with path.open("rb") as file:
        try:
            book = load_workbook(file, read_only=True, data_only=True)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError) as error:
            raise BadFile(f"is no workbook ({type(error).__name__})") from None
        wanted = stream.files.sheet or book.sheetnames[0]
        if wanted not in book.sheetnames:
            raise BadFile(f"has no sheet {wanted}")
        yield from _rows(enumerate(book[wanted].iter_rows(values_only=True), 1), stream, exact=False)


FORMATS = {"csv": read_csv, "xlsx": read_xlsx}


def encoding_of(path: Path, otherwise: str) -> str:
    """UTF-8 or UTF-16 where a BOM says so, UTF-8 where all of the file is, else the one given. Raises BadFile.

    A text in another encoding that is valid UTF-8 by chance, beyond plain ASCII, does not happen.
    """
    with path.open("rb") as file:
        start = file.read(4)
    for mark, name in _BOMS.items():
        if start.startswith(mark):
            return _proven(path, name)
    try:
        return _proven(path, "utf-8")
    except BadFile:
        if otherwise.lower() in ("utf-8", "utf8"):
            raise
    return _proven(path, otherwise)


def _proven(path: Path, encoding: str) -> str:
    decoder, seen = codecs.getincrementaldecoder(encoding)(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if b"\0" in chunk and not encoding.startswith("utf-16"):
                raise BadFile("is no text: it holds zero bytes")
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise BadFile(f"is not {encoding}, at byte {seen + error.start:,}") from None
            seen += len(chunk)
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise BadFile(f"is not {encoding}: it breaks off within a character") from None
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
    missing = [name for header, name in wanted.items() if header not in found]
    problem = f"has lost the column {', '.join(missing)}" if missing else ""
    if twice := sorted({name for name in found if found.count(name) > 1 and name in wanted}):
        problem = f"has the column {wanted[twice[0]]} twice"
    if problem:
        bad = BadFile(problem)
        bad.sample = sample
        raise bad
    return [wanted.get(name, f"{MORE}.{str(cell).strip()}") for name, cell in zip(found, cells, strict=False)]


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
