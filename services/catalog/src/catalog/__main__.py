"""`python -m catalog serve | migrate | work | …`"""

from catalog.app import service
from shared.cli import main

main(service)
