//! Names: claims of e-mails, phones and handles, unique across the platform.
