"""Who an address counts as."""

import pytest

from shared.networks import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002::/64"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_household_counts_as_one(address: str, network: str):
    assert network_of(address) == network
