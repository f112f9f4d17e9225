/// The kernel's nice value for a media thread: before everything that has no beat to keep.
pub const BEAT: libc::c_int = -15;
/// For the thread that writes what they record: behind the beats, before all that can wait.
pub const EVIDENCE: libc::c_int = -10;

/// Puts the calling thread before the rest of the machine, where the process may (CAP_SYS_NICE or
/// root). Where it may not, sound shares the cores with everybody, and is late where they are busy.
pub fn raise(nice: libc::c_int) {
    // SAFETY: setpriority takes three integers; 0 names the calling thread (Linux), nothing is shared.
    let done = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) };
    if done != 0 {
        let error = std::io::Error::last_os_error();
        tracing::debug!(%error, "media threads keep the common priority; give CAP_SYS_NICE");
    }
}
