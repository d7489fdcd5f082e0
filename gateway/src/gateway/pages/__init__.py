"""The pages that people see. `routers` are included by the gateway's app; `error_page` says refusals to browsers."""

from fastapi import APIRouter

from gateway.pages import (
    account,
    admissions,
    cart,
    checkout,
    dashboard,
    desk,
    eligibility,
    entry,
    goods,
    goods_media,
    goods_packs,
    harvest,
    home,
    licences,
    linkages,
    notices,
    orders,
    origin_facts,
    payment,
    product,
    product_reviews,
    products,
    profit_contracts,
    suggestions,
    supplier_file,
    tourism,
    tracking,
    villages,
    words,
    work,
)
from gateway.pages.failures import error_page
from gateway.visitor import ErrorPage

routers: list[APIRouter] = [
    home.router,
    products.router,
    harvest.router,
    tourism.router,
    product.router,
    cart.router,
    entry.router,
    account.router,
    checkout.router,
    payment.router,
    orders.router,
    tracking.router,
    desk.router,
    dashboard.router,
    work.router,
    supplier_file.router,
    licences.router,
    admissions.router,
    notices.router,
    suggestions.router,
    words.router,
    goods.router,
    goods_media.router,
    goods_packs.router,
    product_reviews.router,
    linkages.router,
    profit_contracts.router,
    villages.router,
    eligibility.router,
    origin_facts.router,
]
_: ErrorPage = error_page

__all__ = ["error_page", "routers"]
