//! One cell as a process: the registry of services, who answers which port, and main.
