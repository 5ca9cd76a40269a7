//! The worker's program: runs the engine for the page.

fn main() {
    polo::worker::start();
}
