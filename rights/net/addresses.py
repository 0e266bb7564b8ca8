"""
Which addresses a stranger's URL must not make us reach, and the word for each.

IPv4 is open except for the listed networks; IPv6 is closed except for global unicast, because
the standard library's ``is_global`` calls several tunnelling and site-local ranges global.

Source: IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6890, 6052, 4291.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

METADATA = frozenset(
    ip_address(a)
    for a in (
        "169.254.169.254",  # AWS, Azure, Google Cloud, OpenStack, DigitalOcean
        "169.254.170.2",  # AWS task credentials
        "169.254.170.23",  # AWS pod credentials
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud
        "168.63.129.16",  # Azure, a public address that only its own machines can reach
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google Cloud
    )
)
"""Where cloud machines hand out their own credentials."""

_SPECIAL_4 = tuple(
    (IPv4Network(network), word)
    for network, word in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "private"),
        ("198.51.100.0/24", "reserved"),
        ("203.0.113.0/24", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_SPECIAL_6 = tuple(
    (IPv6Network(network), word)
    for network, word in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved"),  # protocol assignments, Teredo among them
        ("2001:db8::/32", "reserved"),
        ("2002::/16", "reserved"),  # 6to4
        ("3fff::/20", "reserved"),
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

OPENED_BY_NAME = frozenset({"private", "shared", "loopback"})
"""What naming a host on the allow-list opens; for the rest its network must be listed."""


def plain(address: Address) -> Address:
    """Return the IPv4 address inside a mapped or NAT64 one; any other address as it is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def special(address: Address) -> str:
    """Return why *address* is no place for a stranger's URL; empty when it is public."""
    address = plain(address)
    if address in METADATA:
        return "metadata"
    if isinstance(address, IPv4Address):
        return next((word for network, word in _SPECIAL_4 if address in network), "")
    word = next((word for network, word in _SPECIAL_6 if address in network), "")
    return word or ("" if address in _GLOBAL_6 else "reserved")
