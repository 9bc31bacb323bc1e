//! The faults, by what goes wrong.

mod connection;
mod end;
mod final_status;
#[cfg(unix)]
mod fork;
mod garbage;
mod host;
mod load;
mod privacy;
mod protocol;
mod retry;
mod size;
#[cfg(unix)]
mod spool;
mod start;
mod system;
mod tls;

use crate::fault::Fault;

pub(crate) fn all() -> Vec<Fault> {
    [
        final_status::faults(),
        retry::faults(),
        size::faults(),
        connection::faults(),
        garbage::faults(),
        protocol::faults(),
        tls::faults(),
        load::faults(),
        start::faults(),
        end::faults(),
        system::faults(),
        host::faults(),
        privacy::faults(),
        #[cfg(unix)]
        spool::faults(),
        #[cfg(unix)]
        fork::faults(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
