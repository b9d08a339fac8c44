//! The public contract: messages generated from the .proto files, and their descriptors.
