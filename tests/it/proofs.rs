//! Rules under fire: random stories held against a model, races, and stores that fail in the middle.

mod model;
mod races;
mod faults;
