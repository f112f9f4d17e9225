//! The built-in caller and the built-in desk: a SIP user agent of our own for the demo,
//! the rehearsal desk and the nightly self-test. It talks to the server through sockets only.
