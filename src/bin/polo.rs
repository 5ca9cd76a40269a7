//! The command-line tool.

fn main() -> std::process::ExitCode {
    polo::cli::main()
}
