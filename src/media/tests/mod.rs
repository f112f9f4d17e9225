//! Sound over real sockets on loopback.

mod live;
