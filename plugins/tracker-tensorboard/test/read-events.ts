// Reads event files for the tests, without a line of the writer: records are cut by their lengths and checked bit by bit, fields decoded by number.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly version?: string;
  readonly started?: boolean;
  readonly scalars: Readonly<Record<string, number>>;
}

/** All events of a folder's files, in the order in which TensorBoard reads them. Throws for a wrong checksum or a torn record. */
export function readEvents(folder: string): ReadEvent[] {
  return eventFiles(folder).flatMap((name) => parseEvents(readFileSync(join(folder, name))));
}

/** Names of a folder's event files, sorted. */
export function eventFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.includes("tfevents"))
    .sort();
}

/** The events of one file. */
export function parseEvents(bytes: Uint8Array): ReadEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    check(view.getUint32(at + 8, true), bytes.subarray(at, at + 8));
    const data = bytes.subarray(at + 12, at + 12 + length);
    check(view.getUint32(at + 12 + length, true), data);
    events.push(eventOf(data));
    at += 16 + length;
  }
  return events;
}

function check(stored: number, bytes: Uint8Array): void {
  if (stored !== mask(crcByBits(bytes))) throw new Error(`checksum ${stored} is not that of ${bytes.length} bytes`);
}

/** Polynomial division, a bit at a time. */
function crcByBits(bytes: Uint8Array): bigint {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? 0x82f63b78n : 0n);
  }
  return crc ^ 0xffffffffn;
}

function mask(crc: bigint): number {
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

function eventOf(bytes: Uint8Array): ReadEvent {
  const fields = fieldsOf(bytes);
  const only = (number: number) => fields.find(([found]) => found === number)?.[1];
  const [version, summary, session] = [only(3), only(5), only(7)];
  const values = summary ? fieldsOf(summary as Uint8Array).map(([, value]) => fieldsOf(value as Uint8Array)) : [];
  return {
    wallTime: dataView(only(1) as Uint8Array).getFloat64(0, true),
    step: Number(only(2) ?? 0n),
    ...(version !== undefined && { version: new TextDecoder().decode(version as Uint8Array) }),
    ...(session !== undefined && { started: fieldsOf(session as Uint8Array)[0][1] === 1n }),
    scalars: Object.fromEntries(
      values.map(([[, tag], [, value]]) => [
        new TextDecoder().decode(tag as Uint8Array),
        dataView(value as Uint8Array).getFloat32(0, true),
      ]),
    ),
  };
}

/** Field numbers with their bytes, or with an integer where the wire type says so. */
function fieldsOf(bytes: Uint8Array): [number, Uint8Array | bigint][] {
  const fields: [number, Uint8Array | bigint][] = [];
  let at = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const wireType = key & 7;
    if (wireType === 0) fields.push([key >> 3, varint()]);
    else {
      const length = wireType === 2 ? Number(varint()) : wireType === 1 ? 8 : 4;
      fields.push([key >> 3, bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return fields;
}

function dataView({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
