"""Papers and uploaded files bound into one PDF; what cannot be bound is told."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from shared.errors import Unavailable
from shared.papers.paper import Attached, Bound, Paper
from shared.papers.press import bound_pdf_of

FONTS = Path.cwd() / "node_modules" / "@expo-google-fonts" / "noto-sans-sc"


def a_pdf(path: Path, *, page_count: int = 1, password: str = "") -> Path:
    writer = PdfWriter()
    for _ in range(page_count):
        writer.add_blank_page(300, 400)
    script = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("x")})
    writer.root_object[NameObject("/OpenAction")] = script
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): script})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(path)
    return path


def a_picture(path: Path) -> Path:
    """One red point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\x00\xff\x00\x00"))
        + chunk(b"IEND", b"")
    )
    return path


def bound(*parts: Paper | Attached) -> Bound:
    return Bound("中秋慰问 报销附件", "示范中学工会", parts, most_pages=5)


async def test_papers_and_files_stand_in_their_order_behind_the_contents(tmp_path: Path):
    whole = bound(
        Paper(title="发放方案"),
        Attached("会议纪要：纪要.pdf", a_pdf(tmp_path / "1.pdf", page_count=3)),
        Attached("发票：发票.png", a_picture(tmp_path / "2.png"), "image/png"),
        Paper(title="名册"),
    )
    pdf = PdfReader(io.BytesIO(await bound_pdf_of(whole, fonts_path=FONTS)))
    assert len(pdf.pages) == 1 + 1 + 3 + 1 + 1
    marks = [(each["/Title"], pdf.get_destination_page_number(each)) for each in pdf.outline]  # type: ignore[call-overload,arg-type]
    assert marks == [("目录", 0), ("发放方案", 1), ("会议纪要：纪要.pdf", 2), ("发票：发票.png", 5), ("名册", 6)]
    said = pdf.pages[0].extract_text().replace(" ", "").replace("\n", "")
    for words in ("中秋慰问报销附件", "1发放方案21", "2会议纪要：纪要.pdf33", "3发票：发票.png61", "4名册71"):
        assert words in said
    assert len(pdf.pages[5].images) == 1
    assert "/OpenAction" not in pdf.trailer["/Root"]
    assert all("/AA" not in page for page in pdf.pages)


async def test_what_cannot_be_bound_is_told_in_the_contents(tmp_path: Path):
    torn, text = tmp_path / "torn.pdf", tmp_path / "text.jpg"
    whole_bytes = a_pdf(tmp_path / "whole.pdf").read_bytes()
    torn.write_bytes(b"%PDF-1.7\n" + whole_bytes[len(whole_bytes) // 2 :][:40])
    text.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    whole = bound(
        Attached("锁.pdf", a_pdf(tmp_path / "locked.pdf", password="secret")),
        Attached("破.pdf", torn),
        Attached("长.pdf", a_pdf(tmp_path / "long.pdf", page_count=6)),
        Attached("假.jpg", text, "image/jpeg"),
        Attached("大.pdf", refusal="附件合计过大"),
        Attached("好.pdf", tmp_path / "whole.pdf"),
    )
    pdf = PdfReader(io.BytesIO(await bound_pdf_of(whole, fonts_path=FONTS)))
    assert len(pdf.pages) == 2
    said = pdf.pages[0].extract_text().replace(" ", "").replace("\n", "")
    for words in (
        "锁.pdf已加密",
        "破.pdf文件损坏",
        "长.pdf页数过多",
        "假.jpg文件损坏",
        "大.pdf附件合计过大",
        "好.pdf21",
    ):
        assert words in said
    assert [each["/Title"] for each in pdf.outline] == ["目录", "好.pdf"]  # type: ignore[call-overload]


async def test_without_letters_nothing_is_bound(tmp_path: Path):
    with pytest.raises(Unavailable):
        await bound_pdf_of(bound(Paper(title="方案")), fonts_path=tmp_path)
