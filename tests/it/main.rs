//! Integration tests: the library from outside, and the rules of the repository.

mod layout;
