"""`python -m gateway serve | migrate | …`."""

from gateway.app import service
from shared.cli import main

main(service)
