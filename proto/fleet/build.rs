//! Compiles the fleet's .proto files, without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=souk");
    let files = ["souk/fleet/v1/fleet.proto", "souk/fleet/v1/mesh.proto"];
    let descriptors = protox::compile(files, ["."])?;
    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)?;
    Ok(())
}
