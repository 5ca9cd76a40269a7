//! The page's program: shows the page.

fn main() {
    polo::ui::start();
}
