//! What tests share: free ports, child processes that never outlive them, polling without sleeping.
