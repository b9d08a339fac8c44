//! The program `soukctl`.

fn main() -> std::process::ExitCode {
    cp_soukctl::run()
}
