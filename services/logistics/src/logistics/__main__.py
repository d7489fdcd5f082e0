"""`python -m logistics serve | migrate | work | …`"""

from logistics.app import service
from shared.cli import main

if __name__ == "__main__":
    main(service)
