"""The file to fill in: heads, an example row, an explanation of every column, and lists to choose from."""

import io
from typing import Any, Literal

import xlsxwriter

from catalog.importer.column import Column, Option
from catalog.importer.heads import column_letter
from catalog.importer.kind import Kind
from shared.sheets import BYTE_ORDER_MARK, csv_lines

Language = Literal["zh", "en"]

_LAST_ROW = 10_000
_WORDS = {
    "zh": {
        "data": "数据", "notes": "填写说明", "column": "列", "needed": "必填", "note": "怎么填", "example": "示例",
        "options": "可选值", "yes": "是", "no": "", "row": "第 2 行是示例，可以直接改成您的数据；原样保留会被跳过。",
    },
    "en": {
        "data": "Data", "notes": "Notes", "column": "Column", "needed": "Required", "note": "How to fill it in",
        "example": "Example", "options": "Choices", "yes": "yes", "no": "",
        "row": "Row 2 is an example: overwrite it; left as it is, it is skipped.",
    },
}  # fmt: skip


def csv_template(kind: Kind, language: Language) -> bytes:
    """Heads and an example, as UTF-8 with a byte order mark."""
    columns = kind.columns.columns
    rows = [[each.head(language) for each in columns], [each.example for each in columns]]
    return BYTE_ORDER_MARK + csv_lines(rows)


def xlsx_template(kind: Kind, language: Language) -> bytes:
    """A workbook of three sheets: the table, the notes, and (hidden) the lists that its cells choose from."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False})
    words = _WORDS[language]
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8F0E4", "text_wrap": True, "valign": "vcenter"})
    needed = book.add_format({"bold": True, "bottom": 1, "bg_color": "#D3E4CB", "text_wrap": True, "valign": "vcenter"})
    as_text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(words["data"])
    notes = book.add_worksheet(words["notes"])
    lists = book.add_worksheet("lists")
    lists.hide()
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, 32)
    for place, column in enumerate(kind.columns.columns):
        sheet.set_column(place, place, max(12, min(28, 2 * len(column.zh) + 6)), as_text)
        sheet.write_string(0, place, column.head(language), needed if column.is_required else head)
        sheet.write_string(1, place, column.example, as_text)
        _validate(sheet, lists, place, column, kind, language)
    _write_notes(book, notes, kind, language)
    book.close()
    return sink.getvalue()


def _validate(sheet: Any, lists: Any, place: int, column: Column, kind: Kind, language: Language) -> None:
    """Choices as a list to open; what is typed instead is only warned of, since other words are understood too."""
    options = ["是", "否"] if column.type == "yes_no" else [_word(each, language) for each in _choices(column, kind)]
    if column.type not in ("choice", "yes_no") or not options:
        return
    lists.write_column(0, place, options)
    name = column_letter(place)
    sheet.data_validation(
        1,
        place,
        _LAST_ROW,
        place,
        {
            "validate": "list",
            "source": f"=lists!${name}$1:${name}${len(options)}",
            "error_type": "warning",
            "input_title": column.head(language)[:32],
            "input_message": (column.note_en if language == "en" else column.note_zh)[:255],
        },
    )


def _write_notes(book: Any, notes: Any, kind: Kind, language: Language) -> None:
    words = _WORDS[language]
    bold, wrapped = book.add_format({"bold": True, "bottom": 1}), book.add_format({"text_wrap": True, "valign": "top"})
    about = kind.columns.about_en if language == "en" else kind.columns.about_zh
    notes.set_column(0, 0, 24, wrapped)
    notes.set_column(1, 1, 8, wrapped)
    notes.set_column(2, 4, 44, wrapped)
    notes.write_string(0, 0, about)
    notes.write_string(1, 0, words["row"])
    for place, name in enumerate(("column", "needed", "note", "example", "options")):
        notes.write_string(3, place, words[name], bold)
    for row, column in enumerate(kind.columns.columns, start=4):
        notes.write_string(row, 0, column.head(language))
        notes.write_string(row, 1, words["yes"] if column.is_required else words["no"])
        notes.write_string(row, 2, column.note_en if language == "en" else column.note_zh)
        notes.write_string(row, 3, column.example)
        notes.write_string(row, 4, "、".join(_word(each, language) for each in _choices(column, kind)))


def _choices(column: Column, kind: Kind) -> tuple[Option, ...]:
    return kind.options_of(column.name)


def _word(option: Option, language: Language) -> str:
    return option.en if language == "en" else option.zh
