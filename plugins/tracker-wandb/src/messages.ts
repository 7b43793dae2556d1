// The few protocol-buffer messages of a .wandb file that a training needs. Field numbers: wandb/proto/wandb_internal.proto of the Python package.

import { concatBytes } from "@attune/core";

/** What one record says. */
export type Content =
  /** The first record of a file. */
  | { readonly header: { readonly producer: string } }
  | {
      readonly run: {
        readonly id: string;
        readonly project: string;
        readonly name: string;
        readonly config: Values;
        /** Seconds since 1970. */
        readonly started: number;
        readonly startingStep: number;
      };
    }
  | { readonly history: Values; readonly step: number }
  | { readonly summary: Values }
  | { readonly exit: { readonly code: number; readonly seconds: number } };

/** Name -> what stands there as JSON. */
type Values = Readonly<Record<string, unknown>>;

/** A Record message; `number` counts the records of the file from 1. */
export function record(number: number, content: Content, streamId: string): Uint8Array {
  return message([integer(1, number), contentField(content), bytes(200, text(1, streamId))]);
}

/** What the last of these records that holds a `_runtime` says, in seconds; 0 where none does. */
export function lastRuntime(records: readonly Uint8Array[]): number {
  const name = `_runtime${String.fromCharCode(0x82, 0x01)}`; // then, in the field 16, a byte for the length and JSON: as `items` writes it
  for (const bytes of records.toReversed()) {
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    const at = text.lastIndexOf(name);
    if (at >= 0) return Number.parseFloat(text.slice(at + name.length + 1));
  }
  return 0;
}

function contentField(content: Content): Uint8Array {
  if ("header" in content) {
    const version = message([text(1, content.header.producer), text(2, MIN_CONSUMER)]);
    return bytes(21, bytes(1, version));
  }
  if ("run" in content) return bytes(17, runMessage(content.run));
  if ("history" in content) {
    return bytes(2, message([...items(1, 2, content.history), bytes(2, integer(1, content.step))]));
  }
  if ("summary" in content) return bytes(3, message(items(1, 2, content.summary)));
  return bytes(18, message([integer(1, content.exit.code), integer(2, Math.round(content.exit.seconds))]));
}

/** The oldest reader that files of this shape are for, as wandb itself writes it. */
const MIN_CONSUMER = "0.70.0";

type RunContent = Extract<Content, { run: unknown }>["run"];

function runMessage({ id, project, name, config, started, startingStep }: RunContent): Uint8Array {
  const seconds = Math.floor(started);
  const time = message([integer(1, seconds), integer(2, Math.round((started - seconds) * 1e9))]);
  return message([
    text(1, id),
    text(3, project),
    bytes(4, message(items(1, 1, { _wandb: {}, ...config }))),
    text(8, name),
    integer(14, startingStep),
    bytes(17, time),
  ]);
}

/** One item per value: its name in the field `nameField` (1 for key, 2 for a path of keys), its JSON in the field 16. */
function items(field: number, nameField: number, values: Values): Uint8Array[] {
  return Object.entries(values).map(([name, value]) => bytes(field, message([text(nameField, name), text(16, json(value))])));
}

/** JSON with the words that wandb writes for what JSON does not have. */
function json(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  return JSON.stringify(value);
}

function message(fields: readonly Uint8Array[]): Uint8Array {
  return concatBytes(fields);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(value));
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return concatBytes([varint(field * 8 + 2), varint(value.length), value]);
}

/** Nothing for 0, which a reader assumes. */
function integer(field: number, value: number): Uint8Array {
  if (value === 0) return new Uint8Array();
  return concatBytes([varint(field * 8), varint(value)]);
}

/** Seven bits a byte, lowest first, for integers from 0 to 2^53. */
function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) digits.push((rest % 0x80) | 0x80);
  digits.push(rest);
  return Uint8Array.from(digits);
}
