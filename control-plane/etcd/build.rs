//! Compiles the part of etcd's protocol that is spoken, without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=rpc.proto");
    let descriptors = protox::compile(["rpc.proto"], ["."])?;
    tonic_prost_build::configure().build_server(false).bytes(".").compile_fds(descriptors)?;
    Ok(())
}
