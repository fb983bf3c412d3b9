# Other people's readers of key URIs, computers of codes and scanners of QR codes, which ours are held against.
# shellcheck shell=bash disable=SC2034,SC2154

fetch_python_oracles() {
  bounded 600 tests/oracles/python/install "$target" || cannot_compare "pyotp, OpenCV and zxing-cpp"
}

fetch_node_oracles() {
  bounded 300 tests/oracles/node/install "$target" || cannot_compare "otplib"
}

cannot_compare() {
  skipped+=("comparing with $1: they could not be fetched")
  return 1
}
