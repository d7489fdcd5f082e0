"""Who an address on the network counts as, where tries are counted."""

from ipaddress import IPv6Address, ip_address


def network_of(address: str) -> str:
    """Who an address counts as: itself, or in IPv6 its /64, for that is what one household has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return f"{parsed.exploded[:19]}::/64" if isinstance(parsed, IPv6Address) else str(parsed)
