//! Ranges of addresses: `10.0.0.0/8`, `fd00::/8`.

use std::net::IpAddr;

/// A range of addresses of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    network: u128,
    /// How many bits of an address name the range.
    pub length: u32,
    /// How many bits an address of the family has.
    bits: u32,
}

fn bits_of(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

impl Cidr {
    /// From its text.
    pub fn parse(text: &str) -> Option<Cidr> {
        let (address, length) = text.split_once('/')?;
        let (network, bits) = bits_of(address.parse().ok()?);
        let length = length.parse().ok().filter(|length| *length <= bits)?;
        Some(Cidr { network, length, bits })
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (address, bits) = bits_of(address);
        bits == self.bits && self.prefix(self.network) == self.prefix(address)
    }

    /// Whether another range lies in it and is smaller.
    pub fn is_larger_than(&self, other: &Cidr) -> bool {
        self.bits == other.bits
            && self.length < other.length
            && self.prefix(self.network) == self.prefix(other.network)
    }

    fn prefix(&self, address: u128) -> u128 {
        address.checked_shr(self.bits - self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_addresses() {
        for (range, address, holds) in [
            ("10.0.0.0/8", "10.244.3.9", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("10.1.2.3/32", "10.1.2.4", false),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "fd12::1", true),
            ("::/0", "10.0.0.1", false),
        ] {
            let range = Cidr::parse(range).unwrap();
            assert_eq!(range.contains(address.parse().unwrap()), holds, "{range:?} {address}");
        }
        assert_eq!([Cidr::parse("10.0.0.0/33"), Cidr::parse("10.0.0.0"), Cidr::parse("x/8")], [None; 3]);
    }
}
