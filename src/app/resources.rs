//! What the machine lends a server: descriptors, and memory that is given back after the calls.

use std::time::Duration;

use crate::sip;

/// Few arenas: each of many would keep what it once needed.
#[cfg(target_env = "gnu")]
const ARENAS: libc::c_int = 2;
/// Larger pieces are mapped one by one and given back one by one, and at an arena's end no more than this is kept.
/// Told, because the allocator would otherwise raise both bounds with each large piece that is freed, to 32 and
/// 64 MiB at most.
#[cfg(target_env = "gnu")]
const MAPPED_FROM: libc::c_int = 256 * 1024;
#[cfg(target_env = "gnu")]
const KEPT_AT_END: libc::c_int = 1024 * 1024;
/// How often it is looked whether calls and transactions have ended.
const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// While there are calls, memory is given back after so many looks, a minute, also where their number stays: a
/// busy moment of the machine (a disk that stands, closings that wait) needs more than the hours after it.
const LOOKS_A_ROUND: u32 = 12;
/// Fewer of them are not worth a walk through the heap before the minute is over.
const ENDED_FROM: usize = 20;
/// Of a call: RTP and RTCP of two legs, and its recording.
const DESCRIPTORS_A_CALL: u64 = 5;
/// Of a call that waits to be stored: its recording, until that is synced. Its ports it has given back.
const DESCRIPTORS_A_CLOSING: u64 = 1;
/// Of everything else: database, pages, listeners, files being read.
const OTHER_DESCRIPTORS: u64 = 256;

/// Takes as many descriptors as may be had, and sets the allocator up; before the first thread.
/// Where `calls` at once need more of them than there are, this says so.
pub fn prepare(calls: usize) -> Option<String> {
    #[cfg(target_env = "gnu")]
    // SAFETY: an option and a number; no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS);
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_AT_END);
    }
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

/// Gives back what ended calls and transactions had and what a busy moment needed, for as long as it is polled.
/// `held` tells how many there are.
pub async fn give_back(held: impl Fn() -> usize) {
    let (mut most, mut looks) = (0, 0);
    loop {
        tokio::time::sleep(LOOKED_EVERY).await;
        let now = held();
        most = most.max(now);
        looks += 1;
        let over = looks >= LOOKS_A_ROUND && most > 0;
        if over || most - now >= ENDED_FROM.max(most / 2) {
            (most, looks) = (now, 0);
            // Off the runtime's threads: it takes milliseconds, and nobody waits for it.
            if let Err(error) = tokio::task::spawn_blocking(trim).await {
                tracing::warn!(%error, "memory was not given back");
            }
        }
    }
}

fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim locks each arena for itself; it may run beside any allocation.
    unsafe {
        libc::malloc_trim(0);
    }
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
