"""The product list as it is asked for and answered. Cards are rendered when they change: the models document them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from catalog.fields import Line

Code = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
Price = Annotated[int, Field(ge=0, le=100_000_000)]


class Origin(BaseModel):
    """Where it grows. `city` is empty where the province governs the county directly."""

    province_code: str
    province: str
    city: str
    county_code: str
    county: str


class Season(BaseModel):
    """The months of the season, both included; it may run over the new year. `is_now` by the month in Shanghai."""

    from_month: int
    to_month: int
    is_now: bool


class ProductCard(BaseModel):
    """A product on a shelf, with its cheapest pack that is for sale now."""

    product_id: UUID
    title: str
    title_en: str
    category: str
    picture: str
    origin: Origin
    designations: list[str]
    certificates: list[str]
    is_canteen_ready: bool = False
    season: Season
    supplier_id: UUID
    supplier_name: str
    standings: list[str] = Field(
        description="recognised, brand, demonstration, and the credit lists: exemplary, abnormal, seriously_dishonest."
    )
    sku_id: UUID
    specification: str
    specification_en: str
    net_weight_g: int
    price_fen: int
    price_per_500g_fen: int
    sku_count: int
    sold_count: int = Field(description="Pieces sold within the last 30 days.")
    is_in_stock: bool = Field(description="Whether there was something of it to sell when orders last told.")
    rating_count: int = Field(description="How many buyers' reviews are shown.")
    rating_sum: int = Field(description="The sum of their stars, 1 to 5 each.")
    sale_state: str


class FacetValue(BaseModel):
    """A value to choose, and how many products it would leave."""

    value: str
    label: str
    label_en: str
    count: int


class Facets(BaseModel):
    """Counts under all the filters but the facet's own."""

    category: list[FacetValue]
    province: list[FacetValue]
    designation: list[FacetValue]
    eligible_for: list[FacetValue]
    certificate: list[FacetValue]
    season: list[FacetValue]


class ProductList(BaseModel):
    """A page of cards. `total` and `facets` come with `facets=true`; `explanation` where nothing was found, or only
    what sounds the same. A partial total is "at least"; partial facets were counted in the best 5,000 of the list."""

    items: list[ProductCard]
    next_cursor: str | None
    total: int | None = None
    is_total_partial: bool | None = None
    facets: Facets | None = None
    are_facets_partial: bool | None = None
    ring: Literal["county", "city", "province", "around", "anywhere"] | None = Field(
        default=None, description="How far around `near` the list had to look."
    )
    explanation: str | None = None
    explanation_en: str | None = None


class ProductListQuery(BaseModel):
    """What the list is narrowed to and how it is ordered."""

    model_config = ConfigDict(extra="ignore")

    q: Annotated[Line, Field(max_length=64)] = ""
    category: Annotated[Line, Field(max_length=40)] | None = None
    province: Code | None = None
    city: Code | None = None
    county: Code | None = None
    designation: Annotated[Line, Field(max_length=40)] | None = None
    eligible_for: (
        Annotated[
            Line, Field(max_length=40, description="A rule set's code, such as changde: only what counts under it now.")
        ]
        | None
    ) = None
    supplier_id: UUID | None = None
    certificate: Annotated[Line, Field(max_length=40)] | None = None
    canteen: bool | None = None
    in_stock: Annotated[bool, Field(description="true: only what there is something of to sell now.")] | None = None
    season: Annotated[str, Field(pattern=r"^(now|0?[1-9]|1[0-2])$")] | None = None
    near: (
        Annotated[Code, Field(description="A division to look around: its county, city, province, neighbours.")] | None
    ) = None
    price_min_fen: Price | None = None
    price_max_fen: Price | None = None
    sort: Literal["relevance", "sales", "rating", "price", "-price", "newest"] = "relevance"
    cursor: Annotated[str, Field(max_length=2000)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    facets: bool = False


def query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The OpenAPI parameters of a model that reads a query string."""
    schema = model.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": {key: value for key, value in each.items() if key != "title"},
        }
        for name, each in schema["properties"].items()
    ]
