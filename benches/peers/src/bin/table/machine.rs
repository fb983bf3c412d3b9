//! What the numbers were measured on, as far as it makes them what they are.

use std::{env, fs, process::Command};

/// The processor, whether it computes SHA-1 by itself, and the compiler.
pub(crate) fn description() -> String {
    let sha = if has_sha() { "with SHA instructions" } else { "without SHA instructions" };
    format!("{} {sha}, {}", processor(), compiler())
}

fn processor() -> String {
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = all.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    named.map_or(env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

fn has_sha() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("sha");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("sha2");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

/// "rustc 1.95.0", without the day it was made.
fn compiler() -> String {
    let asked = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into())).arg("--version").output();
    let said = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    said.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
