"""A draft as `place_order` in the database reads it, and the event that goes with it."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from orders.donation.rules import GiftTo
from orders.order import rules
from orders.price.schemas import trace_of
from shared.events.orders import OrderPlaced


def order_placed(draft: rules.OrderDraft) -> OrderPlaced:
    """What is told of a placed order."""
    return OrderPlaced(
        order_id=draft.order_id,
        order_number=draft.order_number,
        mode=draft.mode,
        buyer_id=draft.buyer.person_id,
        buyer_kind=draft.buyer.kind,
        organisation_id=draft.buyer.organisation_id,
        payable_fen=draft.payable_fen,
        deposit_fen=draft.deposit_fen,
        is_on_account=draft.is_on_account,
        placed_at=draft.placed_at,
        payment_due_at=draft.payment_due_at,
    )


def draft_row(draft: rules.OrderDraft) -> dict[str, Any]:
    """The draft as `place_order` reads it."""
    return {
        "order_id": draft.order_id,
        "order_number": draft.order_number,
        "mode": draft.mode,
        "buyer_id": draft.buyer.person_id,
        "buyer_kind": draft.buyer.kind,
        "organisation_id": draft.buyer.organisation_id,
        **_money(draft),
        "recipient": draft.address.recipient,
        "phone": draft.address.phone,
        "county_code": draft.address.county_code,
        "address_detail": draft.address.detail,
        "pickup_point_id": None if draft.pickup is None else draft.pickup.pickup_point_id,
        "pickup_point_revision": None if draft.pickup is None else draft.pickup.revision,
        "pickup_point_name": "" if draft.pickup is None else draft.pickup.name,
        "donation": None if draft.gift is None else _gift_row(draft.gift),
        "invoice": None if draft.invoice is None else asdict(draft.invoice),
        "note": draft.note,
        "placed_at": draft.placed_at,
        "payment_due_at": draft.payment_due_at,
        "group_buy_id": draft.group_buy_id,
        "deposit_fen": draft.deposit_fen,
        "returns_deposit": draft.returns_deposit,
        "is_on_account": draft.is_on_account,
        "parts": [
            {
                "supplier_order_id": part.supplier_order_id,
                "part_number": number,
                "supplier_id": part.lines[0].sku.supplier_id,
                "supplier_name": part.lines[0].sku.supplier_name,
                "ship_from_county_code": part.lines[0].sku.supplier_county_code,
                **_money(part),
            }
            for number, part in enumerate(draft.parts, 1)
        ],
        "lines": [
            _line_row(line, number=number, supplier_order_id=part.supplier_order_id)
            for part in draft.parts
            for number, line in enumerate(part.lines, 1)
        ],
    } | _uses_rows(draft)


def _gift_row(gift: GiftTo) -> dict[str, Any]:
    return {
        "recipient_id": gift.recipient_id,
        "revision": gift.revision,
        "name": gift.name,
        "message": gift.message,
    }


def _line_row(line: rules.DraftLine, *, number: int, supplier_order_id: UUID) -> dict[str, Any]:
    row = {
        "line_id": line.line_id,
        "supplier_order_id": supplier_order_id,
        "line_number": number,
        "sku_id": line.sku.sku_id,
        "quantity": line.quantity,
        "unit_price_fen": line.unit_price_fen,
        "amount_fen": line.amount_fen,
        "discount_fen": line.discount_fen,
        "payable_fen": line.payable_fen,
    }
    if line.points:
        row |= {"points": line.points, "points_fen": line.points_fen}
    if len(line.trace) > 1 or line.is_gift:
        row |= {"is_gift": line.is_gift, "price_trace": trace_of(line.trace)}
    return row


def _uses_rows(draft: rules.OrderDraft) -> dict[str, Any]:
    """Points, and promotions sorted by id, as they are locked; nothing at all without any."""
    spent = {"points": draft.points} if draft.points else {}
    if not draft.priced.uses:
        return spent
    return spent | {
        "promotion_uses": [
            {
                "promotion_id": use.promotion.promotion_id,
                "revision": use.promotion.revision,
                "discount_fen": use.discount_fen,
                "coupon_id": use.coupon_id,
                "person_cap": use.promotion.person_cap,
            }
            for use in sorted(draft.priced.uses, key=lambda use: str(use.promotion.promotion_id))
        ]
    }


def _money(sums: rules.OrderDraft | rules.DraftPart) -> dict[str, int]:
    return {
        "goods_fen": sums.goods_fen,
        "discount_fen": sums.discount_fen,
        "points_fen": sums.points_fen,
        "delivery_fen": sums.delivery_fen,
        "payable_fen": sums.payable_fen,
    }
