//! W9: what a program pays for having it in. Cargo, the linker and the kernel tell; nothing runs here.

use crate::outcome::Figure;
use crate::{Bound, Goal};

pub const TITLE: &str = "footprint: a program that sends one span";

pub const FIGURES: &[Figure] = &[
    Figure::lower("crates", "crates", 0),
    Figure::lower("stripped", "stripped, MB", 2),
    Figure::lower("build", "build, CPU s", 0),
    Figure::lower("threads", "threads after init", 0),
    Figure::lower("resident", "resident after init, MiB", 2),
    Figure::lower("grown", "of it by init, MiB", 2),
];

pub const GOALS: &[Goal] = &[
    Goal::new("crates", Bound::AtMostOf(0.5, "otel-tls")),
    Goal::new("build", Bound::AtMostOf(0.5, "otel-tls")),
    Goal::new("stripped", Bound::AtMostOf(0.5, "otel-tls")),
    Goal::new("threads", Bound::AtMost(2.0)),
    Goal::new("resident", Bound::AtMost(2.0)),
];
