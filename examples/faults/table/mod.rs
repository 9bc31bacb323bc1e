//! The faults, by what goes wrong.

mod connection;
mod end;
mod final_status;
mod garbage;
mod host;
mod load;
mod protocol;
mod retry;
mod size;
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
    ]
    .into_iter()
    .flatten()
    .collect()
}
