"""The sandbox as its users meet it: signed, refused in the provider's words, payable by hand, and never forgetful."""

import os
import signal
import stat
from pathlib import Path

import httpx2
import pytest

from deploy.payment_sandbox.keys import create_key_set
from deploy.payment_sandbox.process import run_sandbox
from deploy.tests.payment_sandbox.conftest import Merchant


def test_an_order_is_opened_queried_closed_and_every_answer_is_signed(merchant: Merchant):
    opened = merchant.order("life-1")
    assert opened.status_code == 200
    assert opened.json()["code_url"].startswith(f"{merchant.sandbox.url}/pay/")
    assert {"wechatpay-signature", "wechatpay-serial", "wechatpay-nonce", "wechatpay-timestamp"} <= set(opened.headers)
    assert merchant.query("life-1")["trade_state"] == "NOTPAY"
    closed = merchant.close("life-1")
    assert (closed.status_code, closed.content) == (204, b"")
    assert merchant.query("life-1")["trade_state"] == "CLOSED"
    assert merchant.order("life-1").json()["code"] == "ORDER_CLOSED"


def test_a_paid_order_shows_its_money_and_gives_it_back_once(merchant: Merchant):
    merchant.order("paid-1")
    assert merchant.pay("paid-1", is_silent=True).status_code == 200
    seen = merchant.query("paid-1")
    assert (seen["trade_state"], seen["amount"]["payer_total"], seen["attach"]) == ("SUCCESS", 1234, "0198")
    assert merchant.pay("paid-1").json()["code"] == "ORDERPAID"
    assert merchant.close("paid-1").json()["code"] == "ORDERPAID"
    first, again = (merchant.refund("refund-1", 34, number="paid-1").json() for _ in range(2))
    assert first["refund_id"] == again["refund_id"]
    too_much = merchant.refund("refund-2", 1201, number="paid-1")
    assert (too_much.status_code, too_much.json()["code"]) == (400, "INVALID_REQUEST")
    assert merchant.query("paid-1")["trade_state"] == "REFUND"


def test_what_was_paid_before_the_books_began_can_be_given_back(merchant: Merchant):
    trade = {"out_trade_no": "past-000001", "transaction_id": "demo-1", "total": 1234, "attach": "0198"}
    trade |= {"paid_at": "2026-01-22T12:00:00+08:00"}
    url = f"{merchant.sandbox.url}/control/trades"
    assert [httpx2.post(url, json=[trade]).json() for _ in range(2)] == [{"entered": 1}, {"entered": 0}]
    assert merchant.query("past-000001")["trade_state"] == "SUCCESS"
    assert merchant.refund("refund-past", 34, number="past-000001").status_code == 200
    assert merchant.refund("refund-more", 1201, number="past-000001").json()["code"] == "INVALID_REQUEST"
    assert httpx2.post(url, json=[trade | {"total": 0}]).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"out_trade_no": "short"},
        {"out_trade_no": "有汉字的单号"},
        {"amount": {"total": 0, "currency": "CNY"}},
        {"amount": {"total": 1.5, "currency": "CNY"}},
        {"amount": {"total": 1, "currency": "USD"}},
        {"notify_url": "http://shop.example/notice?x=1"},
        {"time_expire": "2026-11-22T12:00:00"},
        {"time_expire": "tomorrow"},
        {"description": ""},
    ],
)
def test_a_wrong_order_is_refused_by_its_field(merchant: Merchant, wrong: dict[str, object]):
    refused = (
        merchant.order(**{"number": "wrong-1", **wrong}) if "out_trade_no" not in wrong else merchant.order(**wrong)
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "PARAM_ERROR")
    assert refused.json()["message"].startswith(next(iter(wrong)))


def test_an_unsigned_request_is_401_whatever_its_header_holds(merchant: Merchant):
    for header in (None, "Bearer x", "WECHATPAY2-SHA256-RSA2048 mchid=", "é".encode("latin-1"), "签名".encode()):
        headers = {} if header is None else {"Authorization": header}
        refused = httpx2.post(f"{merchant.sandbox.url}/v3/pay/transactions/native", content=b"{}", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "SIGN_ERROR")


def test_an_unknown_order_is_404_in_the_providers_words(merchant: Merchant):
    assert merchant.query("nobody-1")["code"] == "ORDER_NOT_EXIST"
    assert merchant.close("nobody-1").json()["code"] == "ORDER_NOT_EXIST"
    assert merchant.pay("nobody-1").status_code == 404
    assert merchant.pay("nobody-1", how="fast").json()["code"] == "PARAM_ERROR"


def test_the_cashier_speaks_both_languages_and_pays(merchant: Merchant):
    pay_url = merchant.order("cash-1").json()["code_url"]
    page = httpx2.get(pay_url).text
    for words in ("沙箱收银台", "no real money", "12.34", "香菇等3件", "确认支付", "Decline", 'lang="zh-CN"'):
        assert words in page
    assert 'href="http://127.0.0.1:8000/orders/0198"' in page
    paid = httpx2.post(pay_url, data={"action": "pay"}, follow_redirects=True)
    assert "支付成功" in paid.text
    assert "确认支付" not in paid.text
    assert httpx2.post(pay_url, data={"action": "pay"}).status_code == 303
    assert merchant.query("cash-1")["trade_state"] == "SUCCESS"


def test_a_declined_payment_can_still_be_forced_as_a_late_bank_does(merchant: Merchant):
    pay_url = merchant.order("decline-1").json()["code_url"]
    declined = httpx2.post(pay_url, data={"action": "decline"}, follow_redirects=True)
    assert "订单已关闭" in declined.text
    assert merchant.query("decline-1")["trade_state"] == "CLOSED"
    httpx2.post(pay_url, data={"action": "pay"})
    assert merchant.query("decline-1")["trade_state"] == "CLOSED"
    httpx2.post(pay_url, data={"action": "anyway"})
    assert merchant.query("decline-1")["trade_state"] == "SUCCESS"


def test_the_way_back_leads_only_to_the_shop(merchant: Merchant):
    pay_url = merchant.order("back-1", attach='x"/><script>').json()["code_url"]
    own = httpx2.get(pay_url, params={"return_to": "http://127.0.0.1:8000/pay/done?x=1"}).text
    assert 'href="http://127.0.0.1:8000/pay/done?x=1"' in own
    foreign = httpx2.get(pay_url, params={"return_to": "https://evil.example/"}).text
    assert "evil.example" not in foreign.partition('class="link')[2]
    assert "<script>" not in foreign


def test_a_page_for_nothing_or_a_wrong_button_is_404(merchant: Merchant):
    assert httpx2.get(f"{merchant.sandbox.url}/pay/nothing").status_code == 404
    pay_url = merchant.order("button-1").json()["code_url"]
    assert httpx2.post(pay_url, data={"action": "steal"}).status_code == 404
    assert httpx2.post(pay_url).status_code == 404


def test_killed_and_started_again_it_still_knows_who_paid(tmp_path: Path):
    with run_sandbox(tmp_path / "state") as running:
        merchant = Merchant(running)
        merchant.order("kept-1")
        merchant.pay("kept-1")
        merchant.refund("kept-refund-1", 34, number="kept-1")
        code = merchant.order("kept-2").json()["code_url"].rpartition("/")[2]
        os.kill(running.process_id, signal.SIGKILL)
    with run_sandbox(tmp_path / "state") as running:
        merchant = Merchant(running)
        assert merchant.query("kept-1")["trade_state"] == "REFUND"
        assert merchant.refund("kept-refund-1", 34, number="kept-1").json()["status"] in {"PROCESSING", "SUCCESS"}
        assert httpx2.get(f"{running.url}/pay/{code}").status_code == 200
        notices = httpx2.get(f"{running.url}/control/trades/kept-1").json()["notices"]
        assert [each["is_over"] for each in notices[:1]] == [False]


def test_a_key_set_is_made_once_and_is_for_its_owner_only(tmp_path: Path):
    keys = create_key_set(tmp_path / "deep" / "keys")
    before = {path: path.read_bytes() for path in (tmp_path / "deep").rglob("*") if path.is_file()}
    assert create_key_set(tmp_path / "deep" / "keys") == keys
    assert {path: path.read_bytes() for path in before} == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in before} == {0o600}
    assert sorted(path.name.partition("-")[0] for path in keys.merchant.iterdir()) == [
        "apiv3_key",
        "merchant.json",
        "platform",
        "platform",
        "private_key.pem",
    ]
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["keys"]
