//! Sellers: onboarding, team, status and terms of a vendor.
