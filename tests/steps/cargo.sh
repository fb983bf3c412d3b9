# What cargo builds, tests and checks.
# shellcheck shell=bash disable=SC2034,SC2154

# Each crate is built once for each set of features. Incremental builds and full debug information (see the profile in
# Cargo.toml) would cost time and pay off nothing here.
export CARGO_INCREMENTAL=0
target=$(cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
export PORTAL_BIN=$target/debug/portal

features=(--all-features)
everything=(--locked --workspace "${features[@]}")
stores=(sqlite postgres etcd)
# These packages are outside the workspace. That tests/no_std can be compiled says that the engine works without std.
outside=(benches/peers benches/instructions benches/stores tests/no_std tests/public_api)

# etcd-client is generated from etcd's own description of its protocol, while it is built.
can_build_etcd() {
  missing protoc /usr/include/google/protobuf/descriptor.proto
}

do_without_etcd() {
  features=(--features "$(sed -n '/^\[features\]/,/^$/s/^\([a-z0-9]*\) = .*/countersign\/\1/p' Cargo.toml |
    grep -v /etcd | paste -sd ,)")
  everything=(--locked --workspace "${features[@]}")
  stores=(sqlite postgres)
  outside=(benches/peers benches/instructions tests/no_std tests/public_api)
}

are_formatted() {
  local package status=0
  cargo fmt --all --check || status=1
  for package in "${outside[@]}"; do
    cargo fmt --manifest-path "$package/Cargo.toml" --check || status=1
  done
  return "$status"
}

test_default() {
  bounded 1500 cargo test --locked --no-fail-fast
}

# The programs first, which the tests start.
build_everything() {
  bounded 1500 cargo build "${everything[@]}" --lib --bins --examples --tests
}

test_everything() {
  bounded 1500 cargo test "${everything[@]}" --no-fail-fast
  local status=$?
  [ ! -d "$target/browser-screenshots" ] || echo "Pictures of every page: $target/browser-screenshots"
  return "$status"
}

# Optimized and without checks of overflow, as it is used: there numbers wrap around, and what is wiped in vain can be
# optimized away. Without the tests to which that makes no difference.
test_engine_released() {
  bounded 1500 cargo test --locked --release --features sha2 --test it -- \
    engine:: --skip engine::scan --skip engine::oracles
}

test_peers() {
  bounded 900 cargo test --locked --manifest-path benches/peers/Cargo.toml --target-dir "$target"
}

# They were counted on this kind of processor.
can_count_instructions() {
  [ "$(uname -m)" = x86_64 ] || {
    echo "this is no x86_64"
    return 1
  }
  missing valgrind
}

count_instructions() {
  CARGO_TARGET_DIR=$target bounded 900 benches/instructions/check
}

# lint OPTION…
lint() {
  bounded 1500 cargo clippy --locked "$@" -- -D warnings
}

lint_outside() {
  bounded 900 cargo clippy --locked --manifest-path "$1/Cargo.toml" --target-dir "$target" --all-targets -- -D warnings
}

# Of all features: without etcd it cannot be told.
can_tell_the_surface() {
  can_build_etcd
}

compare_the_surface() {
  CARGO_TARGET_DIR=$target bounded 900 cargo run --quiet --locked --manifest-path tests/public_api/Cargo.toml
}

# What leaves the machine when the crate is published: built once more from that alone.
package() {
  bounded 600 cargo package --locked --allow-dirty --target-dir "$target"
}

# document OPTION…
document() {
  RUSTDOCFLAGS="-D warnings" bounded 600 cargo doc --locked --no-deps -p countersign "$@"
}
