//! What the machine lends a server: descriptors, and memory that is given back after the calls.

use crate::sip;

/// After a busy moment (a flood, a disk that stands) the C library's allocator kept three times what was in use: pieces
/// of all sizes lie side by side in its heap, and one small one keeps a page. This one keeps each size on pages of its own.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Few arenas: each of many would keep what it once needed. Threads keep none but small pieces for themselves. What
/// nobody has used for five seconds is given back by a thread of the allocator's own. jemalloc reads this by its name.
/// SQLite keeps the C library's: jemalloc in its place hangs under a library that is loaded before and asks for memory as
/// it answers for the clock (the tests' libfaketime).
#[unsafe(export_name = "_rjem_malloc_conf")]
static MALLOC_CONF: &[u8; 86] =
    b"background_thread:true,narenas:2,tcache_max:4096,dirty_decay_ms:5000,muzzy_decay_ms:0\0";

/// Of a call: RTP and RTCP of two legs, and its recording.
const DESCRIPTORS_A_CALL: u64 = 5;
/// Of a call that waits to be stored: its recording, until that is synced. Its ports it has given back.
const DESCRIPTORS_A_CLOSING: u64 = 1;
/// Of everything else: database, pages, listeners, files being read.
const OTHER_DESCRIPTORS: u64 = 256;

/// Takes as many descriptors as may be had. Where `calls` at once need more of them than there are, this says so.
pub fn prepare(calls: usize) -> Option<String> {
    let descriptors = raise_descriptors().ok()?;
    let needed = descriptors_for(calls);
    (descriptors < needed).then(|| {
        format!(
            "[sip] max_calls = {calls} may need {needed} descriptors, and this process may open {descriptors}; \
             raise its limit (LimitNOFILE of systemd, ulimit -n) or lower max_calls"
        )
    })
}

fn descriptors_for(calls: usize) -> u64 {
    let closing = sip::most_closing(calls) as u64;
    OTHER_DESCRIPTORS + DESCRIPTORS_A_CALL * calls as u64 + DESCRIPTORS_A_CLOSING * closing
}

/// The soft limit becomes the hard one; returns it.
fn raise_descriptors() -> std::io::Result<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls are handed a whole `rlimit` of this function's own.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) != 0 {
            return Err(std::io::Error::last_os_error());
        }
        limit.rlim_cur = limit.rlim_max;
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(limit.rlim_cur)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_descriptors_is_raised_and_a_low_one_is_told() {
        assert_eq!(prepare(1), None, "every machine has some hundred");
        // Two legs with two ports each, and a recording; and 1,600 that wait to be stored.
        assert_eq!(descriptors_for(200), 256 + 1000 + 1600);
        // As many may wait when the house goes down: the next start finds the recordings of all of them.
        let waiting = sip::most_closing(usize::MAX) as u64;
        assert!(crate::engine::LOOKED_AT >= 2 * waiting, "{waiting}");
        let told = prepare(usize::MAX / 100).unwrap();
        assert!(told.contains("LimitNOFILE"), "{told}");
    }
}
