//! One's own side of claiming a name platform-wide: asked for, kept, held, lost, given back.
//!
//! Whether a name is free is decided by the tenant that the name hashes to. Whoever wants the name tells that tenant and hears
//! the answer later. This is what one remembers meanwhile, as plain rules: what is asked or heard leads to [`Moved`]s, which are
//! stored as they are and folded with [`Claims::evolve`].
//!
//! **Promises.** A name that is held stays so until the one that is to replace it is held, and is then given back. An answer on a
//! claim that is not wanted any more changes nothing.
#![warn(missing_docs)]

mod claims;

pub use claims::{Claim, Claims, Moved, Step};
