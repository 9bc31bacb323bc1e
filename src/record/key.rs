//! Keys of attributes.

/// A key, and what tells it from most others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'a> {
    pub(super) name: Wording<'a>,
    pub(super) hash: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Wording<'a> {
    /// It need not be copied.
    Lasting(&'static str),
    Passing(&'a str),
}

impl Key<'static> {
    /// A key of the SDK's own.
    pub(super) const fn lasting(name: &'static str) -> Self {
        Self { name: Wording::Lasting(name), hash: hash(name.as_bytes()) }
    }
}

impl<'a> Key<'a> {
    pub(crate) const fn name(&self) -> &'a str {
        match self.name {
            Wording::Lasting(name) | Wording::Passing(name) => name,
        }
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(name: &'a str) -> Self {
        Self { name: Wording::Passing(name), hash: hash(name.as_bytes()) }
    }
}

impl<'a> From<&'a String> for Key<'a> {
    fn from(name: &'a String) -> Self {
        name.as_str().into()
    }
}

/// A cheap one: keys of one length, beginning and end have to be compared.
const fn hash(key: &[u8]) -> u32 {
    let ends = if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
        u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(23)
    } else {
        let (mut rest, mut bytes) = (key, 0);
        while let Some((byte, after)) = rest.split_first() {
            (rest, bytes) = (after, bytes << 8 | *byte as u64);
        }
        bytes
    };
    let mixed = (ends ^ key.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32
}
