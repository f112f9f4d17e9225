//! Recordings at rest: where a file goes, finishing after a crash, its digest.
