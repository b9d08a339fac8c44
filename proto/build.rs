//! Compiles every .proto file of the public contract, without protoc, and keeps their descriptors with the comments.

use std::{env, error::Error, fs, path::Path};

use prost::Message as _;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=souk");
    println!("cargo::rerun-if-changed=google");
    let mut files = Vec::new();
    protos(Path::new("souk"), &mut files)?;
    files.sort();
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_source_info(true).include_imports(true).open_files(files)?;
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    // The bytes keep custom options, which the typed descriptor set would drop.
    fs::write(Path::new(&out).join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    let descriptors =
        prost_types::FileDescriptorSet::decode(&*compiler.encode_file_descriptor_set())?;
    prost_build::Config::new()
        .enable_type_names()
        .include_file("packages.rs")
        .compile_fds(descriptors)?;
    Ok(())
}

fn protos(folder: &Path, found: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            protos(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path.to_str().ok_or("a path is not UTF-8")?.to_owned());
        }
    }
    Ok(())
}
