//! How auth looks on the wire. Whoever signs in knows an e-mail, not where its account lives: the call goes from the caller's home
//! to the e-mail's home, and from there to the account's.

mod account;
mod door;
mod role;
mod session;
mod tokens;

use std::sync::Arc;

use cell_kernel::Api;

use crate::{Auth, Ports};

pub(crate) fn api(ports: Ports) -> Api<Auth> {
    let ports = Arc::new(ports);
    let api = Api::new("souk.auth.v1.Auth");
    let api = account::methods(api, &ports);
    let api = door::methods(api, &ports);
    let api = session::methods(api, &ports);
    role::methods(api, &ports)
}
