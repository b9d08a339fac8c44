//! Users: profile, addresses, consent and the export of one's own data.
