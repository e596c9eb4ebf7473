//! Rewriting joblib.
