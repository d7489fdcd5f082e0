"""Providers' files are read line by line, to the fen; one that is cut, altered or another day's is refused whole."""

import io
import tracemalloc
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from deploy.payment_sandbox.day_statement import Line, write_statement
from orders.statement.formats import Format, read_entries
from orders.statement.rules import Entry
from shared.errors import Invalid

DAY = date(2026, 11, 21)
AT = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
PAID = Line(at=AT, transaction_id="4200001", out_trade_no="a" * 32, amount=1990, description="香菇,干货")
BACK = Line(
    at=AT + timedelta(hours=3),
    transaction_id="4200001",
    out_trade_no="a" * 32,
    amount=500,
    refund_id="5030001",
    out_refund_no="b" * 32,
    refund_status="SUCCESS",
)
ALIPAY_HEAD = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
TRADE = (
    "2026112122001\t,aaaa\t,交易\t,香菇,干货,2026-11-21 10:30:00,2026-11-21 10:30:05,\t,\t,\t,\t,*梅(138****00)\t,"
    "19.90,19.90,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,-0.12,0.00,"
)
REFUND = (
    "2026112122001\t,aaaa\t,退款\t,香菇,2026-11-21 13:30:00,2026-11-21 13:30:05,\t,\t,\t,\t,*梅(138****00)\t,-5.00,"
    "-5.00,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,bbbb\t,0.03,0.00,"
)


def wechat(*lines: Line) -> bytes:
    return write_statement(lines, appid="wx1", mchid="1900000001")


def alipay(*lines: str, trades: str = "1笔，商家实收共19.90元", refunds: str = "1笔，商家实收退款共-5.00元") -> bytes:
    text = "\r\n".join(
        [
            "#支付宝业务明细查询",
            "#账号：[20881234567890120156]",
            "#起始日期：[2026年11月21日 00:00:00]   终止日期：[2026年11月22日 00:00:00]",
            "#-----------------------------------------业务明细列表----------------------------------------",
            ALIPAY_HEAD,
            *lines,
            "#-----------------------------------------业务明细列表结束------------------------------------",
            f"#交易合计：{trades}，商家优惠共0.00元",
            f"#退款合计：{refunds}，商家优惠退款共0.00元",
            "#导出时间：[2026年11月22日 09:01:02]",
            "",
        ]
    )
    return zipped(
        {"20881234567890120156_20261121_业务明细(汇总).csv": "#汇总\r\n门店编号,交易订单总笔数\r\n", "明细.csv": text}
    )


def zipped(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in members.items():
            bundle.writestr(name, text.encode("gbk"))
    return out.getvalue()


def read(folder: Path, content: bytes, kind: Format = "wechat") -> list[Entry]:
    path = folder / "file"
    path.write_bytes(content)
    return list(read_entries(path, kind, DAY))


def refusal_of(folder: Path, content: bytes, kind: Format = "wechat") -> tuple[str, int | None]:
    with pytest.raises(Invalid) as refusal:
        read(folder, content, kind)
    return refusal.value.code, refusal.value.extra.get("line")


def test_wechats_lines_are_payments_and_refunds_with_their_fees(tmp_path: Path):
    assert read(tmp_path, wechat(BACK, PAID)) == [
        Entry(2, "REFUND", "b" * 32, "5030001", "SUCCEEDED", 500, -3, AT + timedelta(hours=3)),
        Entry(3, "PAYMENT", "a" * 32, "4200001", "SUCCEEDED", 1990, 12, AT),
    ]


@pytest.mark.parametrize(("told", "status"), [("PROCESSING", "PROCESSING"), ("CLOSED", "CLOSED"), ("CHANGE", "CLOSED")])
def test_a_refund_stands_as_the_file_says(tmp_path: Path, told: str, status: str):
    [entry] = read(tmp_path, wechat(Line(**{**_fields(BACK), "refund_status": told})))
    assert entry.status == status


@pytest.mark.parametrize(("yuan", "fen"), [("0.00499", 0), ("0.005", 1), ("0.05940", 6), ("1.00", 100)])
def test_a_fee_is_rounded_to_the_fen(tmp_path: Path, yuan: str, fen: int):
    [entry] = read(tmp_path, wechat(Line(**{**_fields(PAID), "fee": Decimal(yuan)})))
    assert entry.fee_fen == fen


def test_alipays_zip_of_gbk_is_read_through_tabs_and_commas_in_names(tmp_path: Path):
    assert read(tmp_path, alipay(TRADE, REFUND), "alipay") == [
        Entry(
            6, "PAYMENT", "aaaa", "2026112122001", "SUCCEEDED", 1990, 12, datetime(2026, 11, 21, 2, 30, 5, tzinfo=UTC)
        ),
        Entry(7, "REFUND", "bbbb", "2026112122001", "SUCCEEDED", 500, -3, datetime(2026, 11, 21, 5, 30, 5, tzinfo=UTC)),
    ]


@pytest.mark.parametrize("kind", ["wechat", "alipay"])
def test_an_empty_file_is_a_day_without_trade(tmp_path: Path, kind: Format):
    assert read(tmp_path, b"", kind) == []


def test_wechats_file_that_is_cut_altered_or_foreign_is_refused(tmp_path: Path):
    whole = wechat(PAID, BACK)
    lines = whole.split(b"\r\n")
    assert refusal_of(tmp_path, b"\r\n".join(lines[:2])) == ("statement-cut-short", 2)
    assert refusal_of(tmp_path, b"\r\n".join(lines[:4])) == ("statement-cut-short", 4)
    assert refusal_of(tmp_path, b"\r\n".join([lines[0], *lines[2:]])) == ("statement-sums-differ", 4)
    assert refusal_of(tmp_path, whole.replace(b"2026-11-21 10", b"2026-11-20 10")) == ("statement-other-day", 2)
    assert refusal_of(tmp_path, whole.replace(b",`NATIVE", b"", 1)) == ("statement-unreadable", 2)
    assert refusal_of(tmp_path, whole.replace(b"`0.11940", b"`zwoelf", 1)) == ("statement-unreadable", 2)
    assert refusal_of(tmp_path, b"PK not a statement") == ("statement-unreadable", 1)
    assert refusal_of(tmp_path, whole.decode().encode("utf-16")) == ("statement-unreadable", None)


def test_alipays_file_that_is_cut_altered_or_foreign_is_refused(tmp_path: Path):
    whole = alipay(TRADE, REFUND)
    assert refusal_of(tmp_path, whole[:-30], "alipay") == ("statement-unreadable", None)
    assert refusal_of(tmp_path, alipay(TRADE), "alipay") == ("statement-sums-differ", 9)
    assert (
        refusal_of(tmp_path, alipay(TRADE, REFUND, trades="1笔，商家实收共19.91元"), "alipay")[0]
        == "statement-sums-differ"
    )
    cut = zipped({"明细.csv": "#支付宝\r\n" + ALIPAY_HEAD + "\r\n" + TRADE + "\r\n"})
    assert refusal_of(tmp_path, cut, "alipay") == ("statement-cut-short", 2)
    assert refusal_of(tmp_path, alipay(TRADE.replace("-11-21", "-11-19"), REFUND), "alipay") == (
        "statement-other-day",
        6,
    )
    assert refusal_of(tmp_path, alipay("1,2,3", REFUND), "alipay") == ("statement-unreadable", 6)
    assert refusal_of(tmp_path, zipped({"other.csv": "a,b\r\n"}), "alipay") == ("statement-unreadable", None)
    assert refusal_of(tmp_path, wechat(PAID), "alipay") == ("statement-unreadable", None)


def test_a_large_file_is_never_whole_in_memory(tmp_path: Path):
    path = tmp_path / "large"
    path.write_bytes(wechat(*[PAID] * 20_000))
    assert path.stat().st_size > 4_000_000
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_entries(path, "wechat", DAY))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 1_000_000


def _fields(line: Line) -> dict[str, object]:
    return {name: getattr(line, name) for name in Line.__dataclass_fields__}
