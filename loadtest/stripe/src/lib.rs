//! A stateful stand-in for Stripe's API, scriptable to misbehave.
