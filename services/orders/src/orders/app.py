"""orders: SKU replica, stock, carts, orders and their payments."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from orders.absorption import models as absorption_models
from orders.absorption.routes import router as absorption_router
from orders.acceptance import models as acceptance_models
from orders.acceptance.routes import router as acceptance_router
from orders.address import models as address_models
from orders.address.routes import router as address_router
from orders.aftercare.routes import router as aftercare_router
from orders.appointment import models as appointment_models
from orders.appointment.routes import router as appointment_router
from orders.approval import models as approval_models
from orders.approval.routes import delegation_router, tier_router
from orders.approval.routes import router as approval_router
from orders.auction import models as auction_models
from orders.auction.bidding import bidding_together
from orders.auction.routes import router as auction_router
from orders.bank_statement import models as bank_statement_models
from orders.bank_statement.routes import router as bank_statement_router
from orders.base import Base
from orders.budget import models as budget_models
from orders.budget.routes import router as budget_router
from orders.cart import models as cart_models
from orders.cart.routes import router as cart_router
from orders.cart_hold.routes import router as cart_hold_router
from orders.claim import models as claim_models
from orders.claim.routes import router as claim_router
from orders.claim_code import models as claim_code_models
from orders.claim_code.routes import router as claim_code_router
from orders.contract import models as contract_models
from orders.contract.call_routes import router as call_off_router
from orders.contract.routes import router as contract_router
from orders.crop_order import models as crop_models
from orders.crop_order.harvest_routes import router as crop_harvest_router
from orders.crop_order.milestone_routes import router as crop_milestone_router
from orders.crop_order.routes import router as crop_router
from orders.delivery import models as delivery_models
from orders.delivery.routes import router as delivery_router
from orders.dispute import models as dispute_models
from orders.dispute.routes import router as dispute_router
from orders.donation import models as donation_models
from orders.donation.gift_routes import router as gift_router
from orders.donation.routes import router as donation_router
from orders.exchange import models as exchange_models
from orders.exchange.routes import router as exchange_router
from orders.excursion import models as excursion_models
from orders.gift_campaign import models as gift_campaign_models
from orders.gift_campaign.routes import router as gift_campaign_router
from orders.gift_claim import models as gift_claim_models
from orders.gift_claim.routes import router as gift_claim_router
from orders.gift_claim.unit_routes import router as gift_standing_router
from orders.gift_handout.routes import router as gift_handout_router
from orders.gift_member import models as gift_member_models
from orders.gift_member.routes import router as gift_member_router
from orders.gift_parcel import models as gift_parcel_models
from orders.gift_parcel.routes import router as gift_parcel_router
from orders.gift_replan.routes import router as gift_replan_router
from orders.goods_back import models as goods_back_models
from orders.goods_back.routes import router as goods_back_router
from orders.goodwill import models as goodwill_models
from orders.goodwill.routes import router as goodwill_router
from orders.group_buy import models as group_buy_models
from orders.group_buy.routes import router as group_buy_router
from orders.handlers import CATALOG_HANDLERS, LOGISTICS_HANDLERS
from orders.hold import models as hold_models
from orders.hold.routes import router as hold_router
from orders.invoice_check import models as invoice_check_models
from orders.invoice_check.routes import router as invoice_check_router
from orders.invoice_title import models as invoice_title_models
from orders.invoice_title.routes import router as invoice_title_router
from orders.jobs import jobs
from orders.joint_purchase import models as joint_purchase_models
from orders.joint_purchase.routes import router as joint_purchase_router
from orders.line_refund import models as line_refund_models
from orders.line_refund.routes import router as line_refund_router
from orders.loss.routes import lists as losses_router
from orders.loss.routes import router as loss_router
from orders.lot import models as lot_models
from orders.lot.routes import router as lot_router
from orders.love_purchase import models as love_purchase_models
from orders.love_purchase.routes import router as love_purchase_router
from orders.order import models as order_models
from orders.order.placing import placing_together
from orders.order.routes import router as order_router
from orders.overdue import models as overdue_models
from orders.overdue.routes import router as overdue_router
from orders.paper.gift_routes import router as gift_paper_router
from orders.paper.routes import router as paper_router
from orders.payment import models as payment_models
from orders.payment.channels import close_channels
from orders.payment.routes import router as payment_router
from orders.photo import models as photo_models
from orders.photo.routes import router as photo_router
from orders.picking.routes import router as picking_router
from orders.pickup_point import models as pickup_point_models
from orders.point import models as point_models
from orders.point.routes import router as point_router
from orders.presale import models as presale_models
from orders.presale.booking_routes import router as booking_router
from orders.presale.routes import router as presale_router
from orders.price import models as price_models
from orders.price.routes import router as price_router
from orders.product_return import models as product_return_models
from orders.product_return.routes import router as product_return_router
from orders.promotion import models as promotion_models
from orders.promotion.routes import router as promotion_router
from orders.purchase import models as purchase_models
from orders.purchase.paper_routes import router as purchase_paper_router
from orders.purchase.routes import router as purchase_router
from orders.purchase_point import models as purchase_point_models
from orders.purchase_point.routes import router as purchase_point_router
from orders.quotation import models as quotation_models
from orders.quotation.file_routes import router as bid_file_router
from orders.quotation.invitation_routes import router as invitation_router
from orders.quotation.routes import router as quotation_router
from orders.quotation.sealing import Seal
from orders.reserve_purchase import models as reserve_purchase_models
from orders.reserve_purchase.routes import router as reserve_purchase_router
from orders.reserved_share import models as reserved_share_models
from orders.reserved_share.progress_routes import router as progress_router
from orders.reserved_share.routes import router as reserved_share_router
from orders.review import models as review_models
from orders.review.routes import router as review_router
from orders.service_desk import models as service_desk_models
from orders.service_desk.routes import router as service_desk_router
from orders.settings import Settings
from orders.settlement import models as settlement_models
from orders.settlement.routes import router as settlement_router
from orders.site import models as site_models
from orders.site.routes import router as site_router
from orders.sku import models as sku_models
from orders.statement import models as statement_models
from orders.statement.routes import router as statement_router
from orders.stock import models as stock_models
from orders.stock.routes import router as stock_router
from orders.stock_check import models as stock_check_models
from orders.stock_check.jobs import rebuild_stock
from orders.stock_check.routes import router as stock_check_router
from orders.trail import models as trail_models
from orders.unit import models as unit_models
from orders.unit.routes import router as unit_router
from orders.unit.staff_routes import router as staff_router
from orders.unit_order import models as unit_order_models
from orders.unit_order.routes import router as unit_order_router
from shared.app import Service, create_app
from shared.consumer import Subscription
from shared.files import open_files

MODELS = (
    sku_models,
    site_models,
    lot_models,
    stock_models,
    hold_models,
    stock_check_models,
    cart_models,
    order_models,
    payment_models,
    address_models,
    invoice_title_models,
    pickup_point_models,
    trail_models,
    photo_models,
    excursion_models,
    line_refund_models,
    claim_models,
    product_return_models,
    exchange_models,
    goods_back_models,
    review_models,
    statement_models,
    service_desk_models,
    goodwill_models,
    price_models,
    delivery_models,
    promotion_models,
    group_buy_models,
    love_purchase_models,
    point_models,
    presale_models,
    donation_models,
    unit_models,
    reserved_share_models,
    contract_models,
    crop_models,
    unit_order_models,
    acceptance_models,
    dispute_models,
    gift_campaign_models,
    gift_member_models,
    budget_models,
    approval_models,
    purchase_models,
    quotation_models,
    claim_code_models,
    gift_claim_models,
    gift_parcel_models,
    auction_models,
    invoice_check_models,
    bank_statement_models,
    settlement_models,
    overdue_models,
    joint_purchase_models,
    absorption_models,
    reserve_purchase_models,
    purchase_point_models,
    appointment_models,
)


def subscriptions(_: FastAPI) -> Sequence[Subscription]:
    """What orders listens to: what may be sold, and what became of the parcels."""
    return [
        Subscription(consumer="orders", source="catalog", handlers=CATALOG_HANDLERS),
        Subscription(consumer="orders", source="logistics", handlers=LOGISTICS_HANDLERS),
    ]


async def open_store(app: FastAPI) -> None:
    """Where photos are kept."""
    app.state.files = open_files(app.state.settings.files_url)


def _configure(app: FastAPI) -> None:
    app.state.placing = placing_together()
    app.state.bidding = bidding_together()
    app.state.seal = Seal(app.state.settings.sealing_key.get_secret_value())


service = Service(
    name="orders",
    title="助农 orders",
    settings=Settings,
    metadata=Base.metadata,
    migrations=Path(__file__).parent / "migrations",
    routers=[
        cart_hold_router,
        cart_router,
        invoice_title_router,
        order_router,
        loss_router,
        losses_router,
        hold_router,
        stock_check_router,
        lot_router,
        site_router,
        stock_router,
        picking_router,
        service_desk_router,
        goodwill_router,
        payment_router,
        line_refund_router,
        photo_router,
        claim_router,
        address_router,
        statement_router,
        price_router,
        review_router,
        unit_order_router,
        acceptance_router,
        dispute_router,
        goods_back_router,  # before the verbs of returns and exchanges, which have the same form
        product_return_router,
        exchange_router,
        aftercare_router,
        promotion_router,
        delivery_router,
        group_buy_router,
        love_purchase_router,
        point_router,
        booking_router,
        presale_router,
        donation_router,
        gift_router,
        gift_member_router,  # before the verbs of campaigns, which have the same form
        gift_parcel_router,  # before the verbs of campaigns, which have the same form
        gift_handout_router,
        gift_replan_router,
        gift_campaign_router,
        budget_router,
        approval_router,
        tier_router,
        delegation_router,
        purchase_router,
        purchase_paper_router,
        unit_router,
        staff_router,
        claim_code_router,
        gift_claim_router,
        gift_standing_router,
        reserved_share_router,
        progress_router,
        gift_paper_router,
        paper_router,
        quotation_router,
        bid_file_router,
        invitation_router,
        auction_router,
        joint_purchase_router,
        absorption_router,
        call_off_router,
        contract_router,
        crop_milestone_router,
        crop_router,
        crop_harvest_router,
        invoice_check_router,
        settlement_router,
        bank_statement_router,
        overdue_router,
        reserve_purchase_router,
        purchase_point_router,
        appointment_router,
    ],
    subscriptions=subscriptions,
    jobs=jobs,
    commands={"rebuild-stock": (rebuild_stock, "recompute levels, shelves and holds from the stock ledger")},
    on_start=[open_store],
    on_stop=[close_channels],
    configure=_configure,
)


def create() -> FastAPI:
    """The application, with settings from the environment."""
    return create_app(service, Settings())
