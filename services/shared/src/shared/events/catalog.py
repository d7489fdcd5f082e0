"""What the catalog announces: which SKU may be sold, as what, from where, at which price."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import DivisionCode, Event, Fen, Grams, Part


class PriceTier(Part):
    """A price in fen a piece for a buyer group from a quantity on, beside the base price; half-open in time. A buyer
    pays the lowest of its own group's prices, everybody's (`retail`) and the base price."""

    buyer_group: Literal["retail", "member", "institution"]
    min_quantity: int = Field(ge=1)
    price_fen: Fen
    valid_from: datetime
    valid_until: datetime | None = None


class TaxTreatment(Part):
    """Value-added tax: a rate in basis points, or an exemption, and the id of what it rests on."""

    rate_bp: int = Field(ge=0)
    is_exempt: bool
    basis: str


class Presale(Part):
    """Sold ahead from `opens_at` until `closes_at` (half-open), sent from the day `ships_on` (in Shanghai) on."""

    opens_at: datetime
    closes_at: datetime
    ships_on: date


class ListedSku(Event):
    """A whole sellable SKU. A later `revision` replaces an earlier one; orders keeps it as its replica."""

    subject_field: ClassVar[str] = "sku_id"

    sku_id: UUID
    product_id: UUID
    supplier_id: UUID
    supplier_name: str
    supplier_county_code: DivisionCode
    product_title: str
    product_title_en: str = ""
    specification: str
    specification_en: str = ""
    category: str
    picture: str
    origin_county_code: DivisionCode
    designations: tuple[str, ...] = ()
    net_weight_g: Grams
    price_fen: Fen
    price_valid_from: datetime
    price_valid_until: datetime | None = None
    temperature_class: str
    shelf_life_days: int
    is_canteen_ready: bool = False
    revision: int
    unit: str = ""
    invoice_name: str = ""
    tax_code: str = ""
    tax: TaxTreatment | None = None
    price_tiers: tuple[PriceTier, ...] = ()
    presale: Presale | None = None


class SkuListed(ListedSku):
    """The SKU may be sold from now on."""

    type: ClassVar[str] = "catalog.sku-listed.v1"
    listed_at: datetime


class SkuRevised(ListedSku):
    """A listed SKU changed (price, title, certificate…); the whole of it as it is now."""

    type: ClassVar[str] = "catalog.sku-revised.v1"
    revised_at: datetime


class SkuDelisted(Event):
    """The SKU may no longer be sold."""

    type: ClassVar[str] = "catalog.sku-delisted.v1"
    subject_field: ClassVar[str] = "sku_id"

    sku_id: UUID
    reason: str
    revision: int
    delisted_at: datetime


class SupplierAdmitted(Event):
    """A supplier may sell from now on: it was admitted, or resumed after a suspension."""

    type: ClassVar[str] = "catalog.supplier-admitted.v1"
    subject_field: ClassVar[str] = "supplier_id"

    supplier_id: UUID
    kind: str
    name: str
    name_en: str = ""
    county_code: DivisionCode
    admitted_at: datetime


class SupplierSuspended(Event):
    """A supplier may not sell until it is resumed; a `SkuDelisted` tells of each of its SKUs."""

    type: ClassVar[str] = "catalog.supplier-suspended.v1"
    subject_field: ClassVar[str] = "supplier_id"

    supplier_id: UUID
    reason: str
    suspended_at: datetime


class SupplierExited(Event):
    """A supplier left the marketplace for good."""

    type: ClassVar[str] = "catalog.supplier-exited.v1"
    subject_field: ClassVar[str] = "supplier_id"

    supplier_id: UUID
    reason: str
    exited_at: datetime


class LotHeld(Event):
    """Nothing of the lot may be sold or sent until it is released; a recalled lot never is. A later `revision` of the
    lot outweighs an earlier one, also of its releases."""

    type: ClassVar[str] = "catalog.lot-held.v1"
    subject_field: ClassVar[str] = "lot_id"

    lot_id: UUID
    code: str
    supplier_id: UUID
    county_code: DivisionCode
    sku_ids: tuple[UUID, ...]
    reason: str
    is_recalled: bool = False
    revision: int
    held_at: datetime


class LotReleased(Event):
    """The lot may be sold and sent again."""

    type: ClassVar[str] = "catalog.lot-released.v1"
    subject_field: ClassVar[str] = "lot_id"

    lot_id: UUID
    code: str
    reason: str
    revision: int
    released_at: datetime


class NoticeIssued(Event):
    """An organisation was told something; `code` chooses the sentence, `facts` fill it in. Mails build on this."""

    type: ClassVar[str] = "catalog.notice-issued.v1"
    subject_field: ClassVar[str] = "organisation_id"

    notice_id: UUID
    organisation_id: UUID
    code: str
    subject_kind: str
    subject_id: UUID
    facts: dict[str, str | int | bool | None] = Field(default={})
    issued_at: datetime


class ProfitPortion(Part):
    """What one household gets of a share; the key is a keyed hash. Empty: the village's collective gets it."""

    household_key: str
    portion_fen: Fen


class ProfitShared(Event):
    """A contract's share of a settled part of an order; negative where a refund takes it back."""

    type: ClassVar[str] = "catalog.profit-shared.v1"
    subject_field: ClassVar[str] = "contract_id"

    contract_id: UUID
    supplier_id: UUID
    county_code: DivisionCode
    township: str
    village: str
    order_id: UUID
    supplier_order_id: UUID
    share_fen: Fen
    portions: tuple[ProfitPortion, ...] = ()
    is_reversal: bool = False
    shared_at: datetime


class DirectoryIssued(Event):
    """A county or province published an issue of its directory of recognised products; `number` such as
    420325-2026-02, which is also its address."""

    type: ClassVar[str] = "catalog.directory-issued.v1"
    subject_field: ClassVar[str] = "issue_id"

    issue_id: UUID
    region_code: DivisionCode
    level: str
    number: str
    title: str
    product_ids: tuple[UUID, ...]
    issued_at: datetime
