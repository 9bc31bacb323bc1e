//! Functions keep their qualifiers, and an unsafe body may do what it could.

#![allow(unsafe_op_in_unsafe_fn)]

/// # Safety
///
/// `pointer` is valid.
#[bento::tool]
unsafe fn read(pointer: *const u8) -> u8 {
    *pointer
}

/// # Safety
///
/// `address` is the address of a byte.
#[bento::tool]
async unsafe fn read_later(address: usize) -> u8 {
    *(address as *const u8)
}

#[bento::tool]
extern "C" fn foreign(number: i32) -> i32 {
    number + 1
}

fn main() {
    static BYTE: u8 = 7;
    let pointers: [unsafe fn(*const u8) -> u8; 1] = [read];
    let foreigners: [extern "C" fn(i32) -> i32; 1] = [foreign];
    assert_eq!(unsafe { pointers[0](&BYTE) }, 7);
    assert_eq!(foreigners[0](1), 2);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let address = &raw const BYTE as usize;
    assert_eq!(runtime.block_on(unsafe { read_later(address) }), 7);
}
