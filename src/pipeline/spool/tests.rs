#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails loudly")]

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// A directory of its own for a test, which goes with it.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let name = format!("bento-spool-{}-{:016x}", std::process::id(), random_u64());
        Self(std::env::temp_dir().join(name))
    }

    fn open(&self) -> Spool {
        Spool::open(&self.0, 1 << 20, "http://one").expect("a temporary directory can be written")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn body(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_body_comes_back_as_it_was_and_goes_when_removed() {
    let directory = Directory::new();
    let spool = directory.open();
    let file = spool.write(&body("a"), 3).unwrap();
    assert_eq!((spool.read(file).unwrap(), file.spans()), (body("a"), 3));
    spool.remove([file]);
    assert_eq!(spool.read(file).unwrap_err().kind(), ErrorKind::NotFound);
    drop(spool);
    assert_eq!(list(&directory.0), Vec::<PathBuf>::new(), "nothing stays of an empty spool");
}

#[test]
fn what_is_left_behind_is_taken_over_once_in_order_and_only_for_its_destination() {
    let directory = Directory::new();
    let first = directory.open();
    for number in 0..12_usize {
        first.write(&body(&number.to_string()), number + 1).unwrap();
    }
    let second = directory.open();
    assert!(second.adopt().files.is_empty(), "its process lives");
    drop(first);
    let other = Spool::open(&directory.0, 1 << 20, "http://two").unwrap();
    assert!(other.adopt().files.is_empty(), "these spans are not for this backend");

    let found = second.adopt();
    let spans: Vec<u64> = found.files.iter().map(|file| file.spans()).collect();
    assert_eq!(spans, (1..=12).collect::<Vec<u64>>());
    assert_eq!(second.read(found.files[11]).unwrap(), body("11"));
    assert!(directory.open().adopt().files.is_empty(), "they are taken");
}

#[test]
fn many_processes_at_once_take_each_file_once() {
    let directory = Directory::new();
    for _ in 0..8 {
        let left = directory.open();
        for _ in 0..8 {
            left.write(&body("x"), 1).unwrap();
        }
    }
    let start = std::sync::Barrier::new(4);
    let found: usize = std::thread::scope(|scope| {
        let looking: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let spool = directory.open();
                    let found = spool.adopt().files;
                    spool.remove(found.iter().copied());
                    found.len()
                })
            })
            .collect();
        looking.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(found, 64);
    assert_eq!(list(&directory.0), Vec::<PathBuf>::new());
}

#[test]
fn what_is_torn_or_strange_is_set_aside_and_counted() {
    let directory = Directory::new();
    let spool = directory.open();
    let flipped = spool.write(&body("flipped"), 2).unwrap();
    let mut bytes = fs::read(spool.path(flipped)).unwrap();
    bytes[12] ^= 1;
    fs::write(spool.path(flipped), bytes).unwrap();
    let cut = spool.write(&body("cut"), 3).unwrap();
    let whole = fs::read(spool.path(cut)).unwrap();
    fs::write(spool.path(cut), &whole[..whole.len() - 1]).unwrap();
    let longer = spool.write(&[body("longer"), b"!".to_vec()].concat(), 4).unwrap();
    for damaged in [flipped, cut, longer] {
        assert!(spool.read(damaged).is_err());
        spool.set_aside(damaged);
    }
    fs::write(spool.slot.join("0000000000000009-5.json.gz.part"), "half").unwrap();
    fs::write(spool.slot.join("notes.txt"), "what is this").unwrap();
    drop(spool);

    let found = directory.open().adopt();
    assert_eq!((found.files.len(), found.damaged), (0, 5));
    assert_eq!(list(&directory.0.join(ASIDE)).len(), 5);
    let spool = directory.open();
    for _ in 0..40 {
        spool.set_aside(spool.write(b"no gzip", 1).unwrap());
    }
    assert_eq!(list(&directory.0.join(ASIDE)).len(), KEPT_ASIDE);
}

#[test]
fn no_more_than_the_bound_lies_there_whoever_wrote_it() {
    let directory = Directory::new();
    let first = Spool::open(&directory.0, 3 * BLOCK_BYTES, "http://one").unwrap();
    let file = first.write(&body("a"), 1).unwrap();
    first.write(&body("b"), 1).unwrap();
    let second = Spool::open(&directory.0, 3 * BLOCK_BYTES, "http://one").unwrap();
    second.write(&body("c"), 1).unwrap();
    assert!(matches!(second.write(&body("d"), 1), Err(WriteError::Bound)));
    let large = vec![0; 4 * 4096];
    assert!(matches!(first.write(&large, 1), Err(WriteError::Bound)));
    first.remove([file]);
    first.write(&body("e"), 1).unwrap();
}

#[test]
fn damaged_files_make_room_before_others_do() {
    let directory = Directory::new();
    let spool = Spool::open(&directory.0, 3 * BLOCK_BYTES, "http://one").unwrap();
    for _ in 0..3 {
        spool.set_aside(spool.write(b"no gzip", 1).unwrap());
    }
    let file = spool.write(&body("a"), 1).unwrap();
    spool.write(&body("b"), 1).unwrap();
    assert_eq!(list(&directory.0.join(ASIDE)).len(), 1);
    assert!(spool.read(file).is_ok());
}

#[test]
fn strange_files_are_neither_opened_nor_believed() {
    let directory = Directory::new();
    let spool = directory.open();
    let lock = format!("{}1-0.lock", spool.destination);
    DirBuilder::new().create(directory.0.join(lock)).unwrap();
    fs::write(spool.slot.join("0000000000000001-4294967295.json.gz"), "").unwrap();
    drop(spool);
    let found = directory.open().adopt();
    assert_eq!((found.files.len(), found.damaged), (0, 0));
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new();
    let spool = directory.open();
    let file = spool.write(&body("a"), 1).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&directory.0), mode(&spool.slot), mode(&spool.path(file))], [0o700, 0o700, 0o600]);
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error() {
    let directory = Directory::new();
    drop(directory.open());
    let file = directory.0.join("file");
    fs::write(&file, "").unwrap();
    assert!(Spool::open(&file.join("spool"), 1 << 20, "http://one").is_err());
}
