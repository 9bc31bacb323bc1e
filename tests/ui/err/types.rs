#[bento::tool]
fn mismatched(number: u8) -> String {
    number
}

#[bento::tool]
async fn mismatched_later(number: u8) -> String {
    number
}

#[bento::tool]
fn no_result(number: Option<u8>) {
    number?;
}

#[bento::tool]
async fn no_result_later(number: Option<u8>) -> u8 {
    number?
}

fn main() {}
