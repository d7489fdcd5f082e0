"""`python -m analytics serve | migrate | rewind …`"""

from analytics.app import service
from shared.cli import main

if __name__ == "__main__":
    main(service)
