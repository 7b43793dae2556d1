// A flag's text as a value of the type that its option has.

import { AttuneError, show } from "@attune/core";
import type { Flag } from "./arguments.ts";
import type { Field, FieldType } from "./schema-fields.ts";

/** How an option can be typed, without the dashes before it; `prefix` names the plugin that it belongs to. */
export function spellings(field: Field, prefix = ""): string[] {
  const plain = `${prefix}${field.flag}`;
  return field.type === "boolean" ? [plain, `no-${plain}`] : [plain];
}

/** The value of a flag that is spelled as one of the field's spellings. E_OPTION when its text is none. */
export function coerce(field: Field, flag: Flag): unknown {
  if (field.type === "boolean") return booleanOf(flag, flag.name.startsWith("no-") && !field.flag.startsWith("no-"));
  const text = textOf(flag);
  if (field.type === "texts") return [text];
  if (field.type === "list") return text.split(",").map((entry) => scalar(field.items ?? "text", entry.trim(), flag));
  if (field.type === "record") return recordOf(text, flag);
  return scalar(field.type, text, flag);
}

/** Lists and records grow when a flag is repeated; other options are given once. E_OPTION. */
export function merged({ type }: Field, before: unknown, value: unknown, { name }: Flag): unknown {
  if (before === undefined) return value;
  if (type === "list" || type === "texts") return [...(before as unknown[]), ...(value as unknown[])];
  if (type === "record") return { ...(before as object), ...(value as object) };
  throw new AttuneError({ code: "E_OPTION", place: `--${name}`, problem: "is given twice" });
}

/** The text of a flag. E_OPTION where none was given. */
export function textOf({ name, value }: Flag): string {
  if (value !== true) return value;
  throw new AttuneError({ code: "E_OPTION", place: `--${name}`, problem: "needs a value" });
}

function booleanOf({ name, value }: Flag, negated: boolean): boolean {
  if (value === true || value === "true") return !negated;
  if (value === "false") return negated;
  throw new AttuneError({ code: "E_OPTION", place: `--${name}`, expected: "no value, or true or false", got: show(value) });
}

function scalar(type: FieldType, text: string, flag: Flag): unknown {
  if (type !== "number" && type !== "integer") return text;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && (type === "number" || Number.isInteger(value))) return value;
  throw new AttuneError({
    code: "E_OPTION",
    place: `--${flag.name}`,
    expected: type === "integer" ? "a whole number" : "a number",
    got: show(text),
  });
}

function recordOf(text: string, flag: Flag): Record<string, string> {
  const pairs = text.split(",").map((pair) => /^([^=]+)=(.+)$/.exec(pair.trim()));
  if (pairs.every((pair) => pair !== null)) return Object.fromEntries(pairs.map(([, key, value]) => [key.trim(), value.trim()]));
  throw new AttuneError({ code: "E_OPTION", place: `--${flag.name}`, expected: "name=value, separated by commas", got: show(text) });
}
