// What otplib reads from key URIs: one a line on standard input, an answer a line on standard output. Its modules lie
// in the folder that is the only argument.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { parse } = require("@otplib/uri");
const { ScureBase32Plugin } = require("@otplib/plugin-base32-scure");

for (const uri of readFileSync(0, "utf8").split("\n").slice(0, -1)) {
  try {
    const { type, label, params } = parse(uri);
    const secret = Buffer.from(new ScureBase32Plugin().decode(params.secret)).toString("hex");
    // It does not divide the label, and leaves the defaults to whoever uses the key.
    const { issuer, algorithm = "sha1", digits = 6, period = 30 } = params;
    console.log(type === "totp"
      ? `issuer=${issuer} label=${label} secret=${secret} digest=${algorithm} digits=${digits} period=${period}`
      : `a ${type}`);
  } catch (error) {
    console.log(`refused: ${error.name}`);
  }
}
