"""Parcels that were lost on the way, as somebody declared, and shipments of which nothing arrived."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """A parcel is lost once; a shipment that left and whose parcels are all lost is LOST."""
    op.execute("""
        CREATE TABLE parcel_losses (
            parcel_id UUID NOT NULL,
            loss_id UUID NOT NULL,
            shipment_id UUID NOT NULL,
            remedy TEXT NOT NULL,
            evidence TEXT NOT NULL,
            declared_side TEXT NOT NULL,
            declared_by UUID NOT NULL,
            declared_at TIMESTAMP WITH TIME ZONE NOT NULL,
            arrived_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT pk_parcel_losses PRIMARY KEY (parcel_id),
            CONSTRAINT ck_parcel_losses_remedy_is_known CHECK (remedy IN ('refund', 'send_again')),
            CONSTRAINT ck_parcel_losses_side_is_known CHECK (declared_side IN ('supplier', 'operator')),
            CONSTRAINT ck_parcel_losses_has_evidence CHECK (evidence <> ''),
            CONSTRAINT fk_parcel_losses_parcel_id_parcels FOREIGN KEY (parcel_id) REFERENCES parcels (parcel_id),
            CONSTRAINT fk_parcel_losses_shipment_id_shipments FOREIGN KEY (shipment_id) REFERENCES shipments (shipment_id)
        )
    """)
    op.execute("CREATE INDEX ix_parcel_losses_shipment_id ON parcel_losses (shipment_id)")
    op.execute("CREATE INDEX ix_parcel_losses_declared_at_parcel_id ON parcel_losses (declared_at, parcel_id)")
    for name, condition in {
        "status_is_known": "status IN ('PENDING', 'DISPATCHED', 'DELIVERED', 'CANCELLED', 'LOST')",
        "dispatched_has_instant": "(dispatched_at IS NOT NULL) = (status IN ('DISPATCHED', 'DELIVERED', 'LOST'))",
    }.items():
        op.execute(f"ALTER TABLE shipments DROP CONSTRAINT ck_shipments_{name}")
        op.execute(f"ALTER TABLE shipments ADD CONSTRAINT ck_shipments_{name} CHECK ({condition})")
