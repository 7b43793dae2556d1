// TensorBoard's event files, byte by byte: Event messages in protocol-buffer encoding, each wrapped in a TFRecord. Writes only what curves need.
// Field numbers: tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.

import { concatBytes } from "@attune/core";
import { maskedCrc32c } from "./crc32c.ts";

/** What one record says. */
export type EventContent =
  /** The first record of a file. */
  | { readonly version: string }
  /** A training begins or goes on at this step: from the second time on, whatever TensorBoard saw at it or after it does not count. */
  | { readonly started: true; readonly step: number }
  /** Tag -> value. */
  | { readonly scalars: Readonly<Record<string, number>>; readonly step: number };

/** A complete record: length, its checksum, the event, its checksum. `wallTime` in seconds since the epoch. */
export function eventRecord(wallTime: number, content: EventContent): Uint8Array {
  return tfRecord(concatBytes([field(1, double(wallTime)), ...contentFields(content)]));
}

function contentFields(content: EventContent): Uint8Array[] {
  if ("version" in content) return [field(3, text(content.version))];
  const step = field(2, varint(content.step));
  if ("started" in content) return [step, field(7, message([field(1, varint(1))]))]; // SessionLog { status: START }
  const values = Object.entries(content.scalars).map(([tag, value]) => field(1, message([field(1, text(tag)), field(2, float(value))])));
  return [step, field(5, message(values))];
}

/** Wire type and bytes of a value. */
type Value = readonly [wireType: number, bytes: Uint8Array];

function field(number: number, [wireType, bytes]: Value): Uint8Array {
  return concatBytes([Uint8Array.of((number << 3) | wireType), bytes]);
}

/** Seven bits a byte, lowest first, for integers from 0 to 2^53. */
function varint(value: number): Value {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return [0, Uint8Array.from(bytes)];
}

function double(value: number): Value {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return [1, bytes];
}

function float(value: number): Value {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [5, bytes];
}

function text(value: string): Value {
  return message([new TextEncoder().encode(value)]);
}

/** Anything that says its length first. */
function message(parts: readonly Uint8Array[]): Value {
  const bytes = concatBytes(parts);
  return [2, concatBytes([varint(bytes.length)[1], bytes])];
}

function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(16 + data.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, data.length, true); // of 64 bits; an event is far below 4 GB
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return record;
}
