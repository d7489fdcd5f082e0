"""What the rings above single services share."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """The marks of these rings."""
    config.addinivalue_line("markers", "chaos: real processes, killed; part of `make test`")
    config.addinivalue_line("markers", "browser: drives Chromium; run by `make browser`")
