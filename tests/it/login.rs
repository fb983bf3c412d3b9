//! What a user meets, from the password to the session, told as stories over every store.

mod stories;
mod recovery;
mod devices;
mod signing_out;
mod clocks;
mod keys;
mod uncounted;
mod by_choice;
mod joining;
mod known_password;
mod hints;
mod names;
mod edges;
mod answers;
