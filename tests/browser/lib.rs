//! The portal in a real browser.
//!
//! Chromium shows the portal's pages, `zbarimg` reads the QR code from a picture of the screen as a phone's camera
//! would, `oathtool` is the authenticator app. None of the three knows this library, so they prove that others
//! understand what it makes. Nobody sleeps: the portal's clock stops until a story moves it.
//!
//! In reading order:
//!
//! * `story.rs`: what is promised, told on a phone and on a desktop
//! * `many.rs`: its scene with the report and the reset of many
//! * `mishaps.rs`: its scenes in which something goes wrong
//! * `invitation.rs`: rules that a company chooses, and a colleague who is invited
//! * `without_scripts.rs`: the same pages with JavaScript switched off
//! * `two_servers.rs`: two portals over one database, whose clocks are almost a minute apart
//! * `person.rs`: a person in front of a browser: what they do and what they must see
//! * `page.rs`: what holds for every page
//! * `phone.rs`: an authenticator app
//! * `stage.rs`: the portal, the browsers and the time, started for one story and stopped after it
//! * `process.rs`: a program that never outlives its test
//! * `time.rs`: the time of the portal
//! * `programs.rs`: what has to be installed
//!
//! `tests/run` runs them. By hand: `cargo build -p portal && cargo test -p browser-tests`.

#[cfg(test)]
mod invitation;
#[cfg(test)]
mod many;
#[cfg(test)]
mod mishaps;
#[cfg(test)]
mod page;
#[cfg(test)]
mod person;
#[cfg(test)]
mod phone;
#[cfg(test)]
mod process;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod story;
#[cfg(test)]
mod time;
#[cfg(test)]
mod two_servers;
#[cfg(test)]
mod without_scripts;
