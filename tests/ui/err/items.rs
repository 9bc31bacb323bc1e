#[bento::tool]
struct Search;

#[bento::interaction]
mod turn {}

#[bento::tool]
const LIMIT: usize = 1;

#[bento::tool]
const fn limit() -> usize {
    LIMIT
}

trait Searches {
    #[bento::tool]
    fn search(&self, query: &str);
}

#[bento::tool]
impl Search {}

fn main() {}
