//! Rules under fire: games of a thief against everybody, races, and stores that fail in the middle.

mod command;
mod days;
mod gains;
mod oracle;
mod play;
mod scenes;
mod games;
mod holes;
mod races;
mod faults;
