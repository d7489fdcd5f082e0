"""A part on its supplier's desk."""

from datetime import datetime

from logistics.shipment.schemas import ShipmentOut


class PartToSend(ShipmentOut):
    """A shipment, and until when all of it should have left."""

    due_at: datetime
    is_late: bool
