// One record of a file, and the getters that check its values. Each throws E_ROW with file, line and key as the file spells it.

import { show } from "@attune/core";
import { rowError } from "./bad-row.ts";
import type { ColumnNames } from "./column-names.ts";

export interface SourceRecord {
  readonly path: string;
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
  /** What keys are called in the file; as they are, when left out. */
  readonly names?: ColumnNames;
  /** Where an object inside of a record stands in it: `hits[2].` */
  readonly within?: string;
  /** Of a table without a line of names. */
  readonly headerless?: true;
}

/** True when the record has the key at all, be it null. */
export function holds(record: SourceRecord, key: string): boolean {
  return find(record, key) !== undefined;
}

/** The one of several names for the same that a record goes by: one that the user gave, or else the first that it holds. */
export function keyOf(record: SourceRecord, keys: readonly string[]): string | undefined {
  const given = keys.find((key) => record.names?.isGiven(key));
  return given === undefined ? keys.find((key) => holds(record, key)) : holds(record, given) ? given : undefined;
}

/** The keys of a record that a pattern fits, and that hold something: those of the file and those that the user gave. */
export function keysLike(record: SourceRecord, pattern: RegExp): string[] {
  const keys = new Set([...Object.keys(record.fields), ...(record.names?.given ?? [])]);
  return [...keys].filter((key) => pattern.test(key) && has(record, key));
}

/** True unless the value is missing or null: tables with columns of different lengths write null. */
export function has(record: SourceRecord, key: string): boolean {
  return valueOf(record, key) !== undefined;
}

/** A string with something other than white space in it. */
export function textField(record: SourceRecord, key: string): string {
  const value = valueOf(record, key);
  if (!isText(value)) throw wrong(record, key, "a non-empty string", value);
  return value;
}

/** A string, empty where the key is missing. */
export function looseTextField(record: SourceRecord, key: string): string {
  const value = valueOf(record, key) ?? "";
  if (typeof value !== "string") throw wrong(record, key, "a string", value);
  return value;
}

export function optionalText(record: SourceRecord, key: string): string | undefined {
  return has(record, key) ? textField(record, key) : undefined;
}

/** An id: a non-empty string, or a number, which becomes one. */
export function idField(record: SourceRecord, key: string): string {
  const value = valueOf(record, key);
  if (typeof value === "number") return String(value);
  if (!isText(value)) throw wrong(record, key, "an id (a string or a number)", value);
  return value;
}

export function optionalId(record: SourceRecord, key: string): string | undefined {
  return has(record, key) ? idField(record, key) : undefined;
}

/** A list of non-empty strings, with at least `atLeast` of them; a missing key is an empty list. */
export function textsField(record: SourceRecord, key: string, atLeast: 0 | 1): string[] {
  const value = valueOf(record, key);
  const list = value ?? [];
  if (!Array.isArray(list)) throw wrong(record, key, "a list of strings", value);
  if (list.length < atLeast) throw wrong(record, key, "at least one non-empty string", value);
  const bad = list.findIndex((text) => !isText(text));
  if (bad >= 0) throw wrong(record, `${key}[${bad}]`, "a non-empty string", list[bad]);
  return list as string[];
}

/** Whether the value is a list. */
export function isList(record: SourceRecord, key: string): boolean {
  return Array.isArray(valueOf(record, key));
}

/** Whether the value is one number, also where a table writes it as text, or null. */
export function isNumberOrNull(record: SourceRecord, key: string): boolean {
  return isFiniteNumber(asNumber(valueOf(record, key) ?? 0));
}

/** A list of objects, each as a record of its own; a missing key is an empty list. */
export function recordsField(record: SourceRecord, key: string): SourceRecord[] {
  const list = valueOf(record, key) ?? [];
  if (!Array.isArray(list)) throw wrong(record, key, "a list of objects", list);
  return list.map((fields: unknown, i) => {
    if (typeof fields !== "object" || fields === null || Array.isArray(fields)) throw wrong(record, `${key}[${i}]`, "an object", fields);
    return { ...record, fields: fields as Record<string, unknown>, within: `${placeOf(record, key)}[${i}].` };
  });
}

/** A finite number, also where a table writes it as text. */
export function optionalNumber(record: SourceRecord, key: string): number | undefined {
  const value = valueOf(record, key);
  if (value === undefined) return undefined;
  const number = asNumber(value);
  if (!isFiniteNumber(number)) throw wrong(record, key, "a finite number", value);
  return number;
}

/** A finite number that must be there. */
export function numberField(record: SourceRecord, key: string): number {
  const number = optionalNumber(record, key);
  if (number === undefined) throw wrong(record, key, "a finite number", undefined);
  return number;
}

/** One finite number for each entry of the list `of`, which has `count` entries; undefined where the key is missing. */
export function optionalNumbers(record: SourceRecord, key: string, of: string, count: number): number[] | undefined {
  const value = valueOf(record, key);
  if (value === undefined) return undefined;
  const expected = `${count} number${count === 1 ? "" : "s"} (one for each entry of ${JSON.stringify(of)})`;
  if (!Array.isArray(value)) throw wrong(record, key, expected, value);
  if (value.length !== count) throw rowError(record.path, record.line, { key: placeOf(record, key), expected, got: `${value.length}` });
  const bad = value.findIndex((number) => !isFiniteNumber(number));
  if (bad >= 0) throw wrong(record, `${key}[${bad}]`, "a finite number", value[bad]);
  return value as number[];
}

/** The value as the file has it, null included. */
export function rawValue(record: SourceRecord, key: string): unknown {
  const name = find(record, key);
  return name === undefined ? undefined : record.fields[name];
}

function valueOf(record: SourceRecord, key: string): unknown {
  return rawValue(record, key) ?? undefined;
}

function find({ fields, names, within }: SourceRecord, key: string): string | undefined {
  if (names) return names.find(key, fields, { inside: within !== undefined });
  return Object.hasOwn(fields, key) ? key : undefined;
}

/** A key, perhaps with an index, as errors name it. */
function placeOf(record: SourceRecord, key: string): string {
  const [name, index = ""] = key.split(/(?=\[)/);
  return `${record.within ?? ""}${record.names?.nameOf(name) ?? name}${index}`;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && /\S/.test(value);
}

function asNumber(value: unknown): unknown {
  return typeof value === "string" && value.trim() !== "" ? Number(value) : value;
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function wrong(record: SourceRecord, key: string, expected: string, value: unknown) {
  return rowError(record.path, record.line, { key: placeOf(record, key), expected, got: value === undefined ? "nothing" : show(value) });
}
