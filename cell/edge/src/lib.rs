//! The cell's face: gRPC, REST/JSON and OpenAPI, all from the same descriptors.
