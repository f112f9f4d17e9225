//! Door 1: one task per call joins sip, media, ivr, desks and engine. The only place where they meet.
