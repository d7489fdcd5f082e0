"""The pages that people see. `routers` are included by the gateway's app; `error_page` says refusals to browsers."""

from fastapi import APIRouter

from gateway.visitor import ErrorPage

routers: list[APIRouter] = []
error_page: ErrorPage | None = None

__all__ = ["error_page", "routers"]
