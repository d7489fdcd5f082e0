"""What orders does by the clock."""

from uuid import UUID

from orders.address import actions as address_actions
from orders.appointment import jobs as appointment_jobs
from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.auction import actions as auction_actions
from orders.auction import queries as auction_queries
from orders.bank_statement import queries as bank_statement_queries
from orders.cart import actions as cart_actions
from orders.claim import actions as claim_actions
from orders.claim import queries as claim_queries
from orders.contract import jobs as contract_jobs
from orders.crop_order import jobs as crop_jobs
from orders.exchange import actions as exchange_actions
from orders.exchange import queries as exchange_queries
from orders.gift_campaign import jobs as gift_campaign_jobs
from orders.gift_claim import jobs as gift_claim_jobs
from orders.gift_parcel import jobs as gift_parcel_jobs
from orders.group_buy import actions as group_buy_actions
from orders.hold import actions as hold_actions
from orders.lot import actions as lot_actions
from orders.love_purchase import actions as love_purchase_actions
from orders.order import actions as order_actions
from orders.overdue import actions as overdue_actions
from orders.payment import jobs as payment_jobs
from orders.point import jobs as point_jobs
from orders.pool import jobs as pool_jobs
from orders.presale import actions as presale_actions
from orders.presale import booking
from orders.presale import queries as presale_queries
from orders.product_return import actions as return_actions
from orders.product_return import queries as return_queries
from orders.settlement import actions as settlement_actions
from orders.settlement import queries as settlement_queries
from orders.statement import jobs as statement_jobs
from orders.stock_check import jobs as stock_check_jobs
from orders.unit_order import actions as unit_order_actions
from orders.unit_order import queries as unit_order_queries
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal
from shared.jobs import Jobs
from shared.log import logger

jobs = Jobs("orders")
log = logger(__name__)
_BATCH = 200
payment_jobs.register(jobs)
statement_jobs.register(jobs)
stock_check_jobs.register(jobs)
gift_campaign_jobs.register(jobs)
point_jobs.register(jobs)
gift_claim_jobs.register(jobs)
contract_jobs.register(jobs)
crop_jobs.register(jobs)
gift_parcel_jobs.register(jobs)
pool_jobs.register(jobs)
appointment_jobs.register(jobs)


@jobs.periodic("* * * * *")
async def expire_unpaid_orders(database: Database) -> None:
    """Every minute: cancel what is overdue, in batches, each in its own short transaction."""
    while True:
        async with database.begin() as db:
            if not await order_actions.expire_unpaid(db, now=utc_now()):
                return


@jobs.periodic("* * * * *")
async def follow_claims(database: Database) -> None:
    """Every minute: what the clock does to claims, each in its own short transaction, and those whose money arrived."""
    now = utc_now()
    async with database.read() as db:
        due = await claim_queries.list_due_claims(db, now=now, limit=_BATCH)
    for claim_id in due:
        try:
            async with database.begin() as db:
                await claim_actions.lapse_claim(db, claim_id=claim_id, now=now)
        except Refusal as refusal:  # one that cannot be refunded must not keep the others waiting
            log.error("a claim cannot lapse", claim_id=str(claim_id), code=refusal.code)
    while True:
        async with database.begin() as db:
            if not await claim_actions.settle_claims(db, now=now, limit=_BATCH):
                return


@jobs.periodic("* * * * *")
async def follow_group_buys(database: Database) -> None:
    """Every minute: groups that did not form in time end; orders of ended ones are cancelled and refunded, orders of
    formed ones announced, in batches of a transaction each."""
    now = utc_now()
    for step in (group_buy_actions.fail_due, group_buy_actions.refund_ended, group_buy_actions.announce_formed):
        is_more = True
        while is_more:
            async with database.begin() as db:
                is_more = bool(await step(db, now=now))


@jobs.periodic("* * * * *")
async def end_love_purchases(database: Database) -> None:
    """Every minute: love purchases whose date has come, in batches."""
    while True:
        async with database.begin() as db:
            if not await love_purchase_actions.expire_flags(db, now=utc_now()):
                return


@jobs.periodic("* * * * *")
async def follow_presales(database: Database) -> None:
    """Every minute: bookings whose deposit never came, offers whose booking time or whose balances are over."""
    now = utc_now()
    async with database.read() as db:
        overdue = await presale_queries.list_overdue(db, now=now, limit=_BATCH)
    for each in overdue:
        async with database.begin() as db:
            await booking.expire_deposits(db, offer_id=each.offer_id, booking_ids=each.booking_ids, now=now)
    async with database.read() as db:
        due = await presale_queries.list_due_offers(db, now=now, limit=_BATCH)
    for offer_id in due:
        async with database.begin() as db:
            await presale_actions.follow_offer(db, offer_id=offer_id, now=now)


@jobs.periodic("* * * * *")
async def end_auctions(database: Database) -> None:
    """Every minute: auctions that are over by the database's clock, each in its own short transaction."""
    async with database.read() as db:
        due = await auction_queries.list_due(db, limit=_BATCH)
    for auction_id in due:
        try:
            async with database.begin() as db:
                await auction_actions.end_auction(db, auction_id=auction_id, now=utc_now())
        except Refusal as refusal:  # its unit called it off at that moment
            log.info("an auction did not end", auction_id=str(auction_id), code=refusal.code)


@jobs.periodic("* * * * *")
async def follow_unit_orders(database: Database) -> None:
    """Every minute: suppliers that have not confirmed are reminded, and in the end their orders lapse, each in its own
    short transaction."""
    now = utc_now()
    async with database.read() as db:
        silent = await unit_order_queries.list_to_remind(db, now=now, limit=_BATCH)
        due = await unit_order_queries.list_to_lapse(db, now=now, limit=_BATCH)
    for order_id in silent:
        async with database.begin() as db:
            await unit_order_actions.remind_supplier(db, order_id=order_id, now=now)
    for order_id in due:
        try:
            async with database.begin() as db:
                await unit_order_actions.lapse_order(db, order_id=order_id, now=now)
        except Refusal as refusal:  # one whose budget does not fit must not keep the others waiting
            log.error("a unit's order cannot lapse", order_id=str(order_id), code=refusal.code)


@jobs.periodic("17 19 * * *")
async def forget_removed_addresses(database: Database) -> None:
    """Every night at 03:17 in Shanghai: delete what was taken out of address books long ago."""
    async with database.begin() as db:
        await address_actions.forget_removed(db, now=utc_now())


@jobs.periodic("37 19 * * *")
async def forget_guest_carts(database: Database) -> None:
    """Every night at 03:37 in Shanghai: remove carts of guests that nobody came back to, in batches."""
    while True:
        async with database.begin() as db:
            if not await cart_actions.forget_guests(db, now=utc_now()):
                return


@jobs.periodic("* * * * *")
async def expire_holds(database: Database) -> None:
    """Every minute: end the holds of carts and campaigns whose time is over, in batches."""
    while True:
        async with database.begin() as db:
            if not await hold_actions.expire_holds(db, now=utc_now()):
                return


@jobs.periodic("5 * * * *")
async def keep_unfit_lots_from_sale(database: Database) -> None:
    """Every hour: pieces of lots whose last day is over are not sold any more, in batches."""
    after: UUID | None = None
    while True:
        async with database.begin() as db:
            after = await lot_actions.keep_from_sale(db, now=utc_now(), after=after)
        if after is None:
            return


@jobs.periodic("* * * * *")
async def follow_approvals(database: Database) -> None:
    """Every minute: steps that nobody decided in time go to more people or expire, each in its own transaction."""
    now = utc_now()
    async with database.read() as db:
        due = await approval_queries.list_due(db, now=now, limit=_BATCH)
    for case_id in due:
        try:
            async with database.begin() as db:
                await deciding.lapse(db, case_id=case_id, now=now)
        except Refusal as refusal:  # one that cannot lapse must not keep the others waiting
            log.error("an approval cannot lapse", case_id=str(case_id), code=refusal.code)


@jobs.periodic("* * * * *")
async def follow_returns(database: Database) -> None:
    """Every minute: the same for returns."""
    now = utc_now()
    async with database.read() as db:
        due = await return_queries.list_due_returns(db, now=now, limit=_BATCH)
    for return_id in due:
        try:
            async with database.begin() as db:
                await return_actions.lapse_return(db, return_id=return_id, now=now)
        except Refusal as refusal:  # as above
            log.error("a return cannot lapse", return_id=str(return_id), code=refusal.code)
    while True:
        async with database.begin() as db:
            if not await return_actions.settle_returns(db, now=now, limit=_BATCH):
                return


@jobs.periodic("* * * * *")
async def follow_exchanges(database: Database) -> None:
    """Every minute: exchanges end whose goods had to be sent back and were not."""
    now = utc_now()
    async with database.read() as db:
        due = await exchange_queries.list_due_exchanges(db, now=now, limit=_BATCH)
    for exchange_id in due:
        async with database.begin() as db:
            await exchange_actions.lapse_exchange(db, exchange_id=exchange_id, now=now)


@jobs.periodic("*/10 * * * *")
async def follow_settlements(database: Database) -> None:
    """Every ten minutes: transfers that came before their order was accepted are booked, and orders settled that a
    dispute kept from it."""
    now = utc_now()
    after: UUID | None = None
    while True:
        async with database.begin() as db:
            line_ids = await bank_statement_queries.list_open_ids(db, after=after, limit=_BATCH)
            await settlement_actions.match_open_lines(db, line_ids, now=now)
        if len(line_ids) < _BATCH:
            break
        after = line_ids[-1]
    async with database.read() as db:
        paid = await settlement_queries.list_paid(db, limit=_BATCH)
    for order_id in paid:
        async with database.begin() as db:
            await settlement_actions.settle_if_paid(db, order_id, now=now)


@jobs.periodic("13 0 * * *")
async def tell_overdue(database: Database) -> None:
    """Every morning at 08:13 in Shanghai: tell those concerned what is late."""
    async with database.begin() as db:
        await overdue_actions.tell_overdue(db, now=utc_now())
