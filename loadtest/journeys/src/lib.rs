//! Journeys and loads against real processes: promises checked from outside.
