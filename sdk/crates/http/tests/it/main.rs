//! The client over real sockets. What waits is tested beside the code, under a
//! paused clock; nothing here looks at the time.

mod broken;
mod proxy;
mod secrets;
mod server;
mod sockets;
mod tls;
