// The other side of EnvelopeInteropTests: an independent MessagePack implementation. One envelope a line on stdin.
//   node envelope.mjs decode            hex in, JSON out
//   node envelope.mjs encode            JSON in, hex out; numbers in their shortest form
//   node envelope.mjs encode-bigint     the same, with ids and times always as 64-bit integers
import { readFileSync } from "node:fs";
import { decode, encode } from "@msgpack/msgpack";

const hex = (bytes) => Buffer.from(bytes).toString("hex").toUpperCase();

// uint64 and int64 come back as BigInt, shorter integers as number: text shows neither and loses no digit.
function toText(field) {
  if (field instanceof Uint8Array) return `bin:${hex(field)}`;
  return typeof field === "string" ? `str:${field}` : `int:${field}`;
}

const toJson = (line) => JSON.stringify(decode(Buffer.from(line, "hex"), { useBigInt64: true }).map(toText));

function toHex(line, wide) {
  const fields = JSON.parse(line).map((field) => {
    const kind = field.slice(0, 3);
    const value = field.slice(4);
    if (kind === "bin") return Uint8Array.from(Buffer.from(value, "hex"));
    if (kind === "str") return value;
    return wide ? BigInt(value) : Number(value);
  });
  return hex(encode(fields, { useBigInt64: wide }));
}

const mode = process.argv[2];
const lines = readFileSync(0, "utf8").split("\n").filter((line) => line !== "");
for (const line of lines) {
  console.log(mode === "decode" ? toJson(line) : toHex(line, mode === "encode-bigint"));
}
