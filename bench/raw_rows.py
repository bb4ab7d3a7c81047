"""The limits of export and import: a sheet of the same size written plainly, the same rows inserted plainly."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import JSON, Engine, Table, text

from app.extensions import db

COLUMNS = 14  # of the exported list
Rows = dict[str, tuple[list[str], list[Any]]]


def sheet(target: Path, rows: int) -> float:
    """Seconds that a workbook of so many plain rows takes."""
    begun = time.perf_counter()
    book = xlsxwriter.Workbook(str(target), {"constant_memory": True, "strings_to_formulas": False})
    page = book.add_worksheet()
    for row in range(rows):
        for column in range(COLUMNS):
            page.write_string(row, column, "显示签收但没有收到")
    book.close()
    return time.perf_counter() - begun


def made_since(engine: Engine, floor: int) -> Rows:
    """The rows whose ids are younger, parents before children, as the driver takes them back."""
    found: Rows = {}
    with engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            mark = next((name for name in ("id", "ticket_id") if name in table.c), None)
            if mark is None or getattr(table.c[mark].type, "python_type", None) is not int:
                continue
            names = [column.name for column in table.c]
            listed = ", ".join(_read(table, name, engine) for name in names)
            said = text(f'SELECT {listed} FROM "{table.name}" WHERE {mark} >= :floor ORDER BY {mark}')  # noqa: S608
            rows = [tuple(row) for row in connection.execute(said, {"floor": floor})]
            if rows:
                found[table.name] = (names, rows)
    return found


def _read(table: Table, name: str, engine: Engine) -> str:
    plain = engine.dialect.name == "sqlite" or not isinstance(table.c[name].type, JSON)
    return f'"{name}"' if plain else f'CAST("{name}" AS TEXT) AS "{name}"'


def insert(engine: Engine, rows: Rows) -> float:
    """Seconds that they take with `executemany`, in one transaction."""
    raw = engine.raw_connection()
    try:
        driver: Any = raw.driver_connection
        lite = engine.dialect.name == "sqlite"
        cursor, mark = driver.cursor(), "?" if lite else "%s"
        begun = time.perf_counter()
        cursor.execute("BEGIN IMMEDIATE") if lite else None
        for name, (columns, values) in rows.items():
            marks = ", ".join([mark] * len(columns))
            listed = ", ".join(f'"{column}"' for column in columns)
            cursor.executemany(f'INSERT INTO "{name}" ({listed}) VALUES ({marks})', values)  # noqa: S608
        cursor.execute("COMMIT") if lite else driver.commit()
        return time.perf_counter() - begun
    finally:
        raw.close()
