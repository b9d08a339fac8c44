//! Payments: intents, attempts, captures and their truth at the provider.
