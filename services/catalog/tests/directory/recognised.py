"""Products that went the whole way of recognition before."""

from uuid import uuid4

from sqlalchemy import text

from shared.testing import NOW

COUNTY = "420325"


async def recognise(db, product, status="RECOGNISED"):
    """A product that went the whole way before."""
    await db.execute(
        text("""
            INSERT INTO recognitions (recognition_id, product_id, supplier_id, county_code, product_title,
                supplier_name, township, statement, status, valid_from_on, valid_until_on, applied_at, changed_at)
            VALUES (:id, :product_id, :supplier_id, :county, :title, '', '', '', :status, '2026-01-01', '2028-12-31',
                :now, :now)
        """),
        {
            "id": uuid4(),
            "product_id": product.product_id,
            "supplier_id": product.supplier_id,
            "county": product.origin_county_code,
            "title": product.title,
            "status": status,
            "now": NOW,
        },
    )


async def goods(db, make, count=2, status="RECOGNISED"):
    made = [await make.listed_product(db, origin_county_code=COUNTY, title=f"香菇{n}号") for n in range(count)]
    for product in made:
        await recognise(db, product, status)
    return made
