//! What holds of the project as a whole, read off its files. Nothing here runs the library.

mod tidy;
