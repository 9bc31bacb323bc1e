//! The workloads, in their order.

use std::fmt;

use crate::{Figure, Goal, w1, w2, w3, w4, w5, w6, w7, w8, w9};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    W1,
    W2,
    W3,
    W4,
    W5,
    W6,
    W7,
    W8,
    W9,
}

pub const ALL: [Workload; 9] = [
    Workload::W1,
    Workload::W2,
    Workload::W3,
    Workload::W4,
    Workload::W5,
    Workload::W6,
    Workload::W7,
    Workload::W8,
    Workload::W9,
];

impl Workload {
    /// As it is written on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::W1 => "w1",
            Self::W2 => "w2",
            Self::W3 => "w3",
            Self::W4 => "w4",
            Self::W5 => "w5",
            Self::W6 => "w6",
            Self::W7 => "w7",
            Self::W8 => "w8",
            Self::W9 => "w9",
        }
    }

    pub fn by_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|workload| workload.name().eq_ignore_ascii_case(name))
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::W1 => w1::TITLE,
            Self::W2 => w2::TITLE,
            Self::W3 => w3::TITLE,
            Self::W4 => w4::TITLE,
            Self::W5 => w5::TITLE,
            Self::W6 => w6::TITLE,
            Self::W7 => w7::TITLE,
            Self::W8 => w8::TITLE,
            Self::W9 => w9::TITLE,
        }
    }

    pub const fn figures(self) -> &'static [Figure] {
        match self {
            Self::W1 => w1::FIGURES,
            Self::W2 => w2::FIGURES,
            Self::W3 => w3::FIGURES,
            Self::W4 => w4::FIGURES,
            Self::W5 => w5::FIGURES,
            Self::W6 => w6::FIGURES,
            Self::W7 => w7::FIGURES,
            Self::W8 => w8::FIGURES,
            Self::W9 => w9::FIGURES,
        }
    }

    pub const fn goals(self) -> &'static [Goal] {
        match self {
            Self::W1 => w1::GOALS,
            Self::W2 => w2::GOALS,
            Self::W3 => w3::GOALS,
            Self::W4 => w4::GOALS,
            Self::W5 => w5::GOALS,
            Self::W6 => w6::GOALS,
            Self::W7 => w7::GOALS,
            Self::W8 => w8::GOALS,
            Self::W9 => w9::GOALS,
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
