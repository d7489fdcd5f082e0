"""`python -m orders serve | migrate | work | …`."""

from orders.app import service
from shared.cli import main

main(service)
