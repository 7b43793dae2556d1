// What a zod schema says about its options, as flags need it: names, types, choices, defaults, descriptions.

import type { Kind } from "@attune/core";
import { z } from "zod";
import { flagName } from "../settings/flag-name.ts";

/** `texts`: one at a time, by repeating the flag; a comma is part of it. */
export type FieldType = "text" | "texts" | "number" | "integer" | "boolean" | "list" | "record";

/** One option. */
export interface Field {
  /** As in configuration files: batchSize. */
  readonly key: string;
  /** As on the command line: batch-size. */
  readonly flag: string;
  readonly type: FieldType;
  /** The type of a list's entries. */
  readonly items?: FieldType;
  readonly choices?: readonly string[];
  readonly fallback?: unknown;
  readonly required: boolean;
  readonly description: string;
  /** Set where the option names a plugin. */
  readonly kind?: Kind;
}

interface Json {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  readonly items?: Json;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly kind?: Kind;
  readonly flag?: string;
  readonly repeats?: boolean;
}

/** The options of an object schema, in its order. */
export function fieldsOf(schema: z.core.$ZodType): Field[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Json;
  return Object.entries(json.properties ?? {}).map(([key, one]) => ({
    key,
    flag: one.flag ?? flagName(key),
    type: typeOf(one),
    ...(one.items && { items: typeOf(one.items) }),
    ...(choicesOf(one) && { choices: choicesOf(one)! }),
    ...(one.default !== undefined && { fallback: one.default }),
    required: json.required?.includes(key) ?? false,
    description: one.description ?? "",
    ...(one.kind && { kind: one.kind }),
  }));
}

function typeOf({ type, repeats }: Json): FieldType {
  if (repeats) return "texts";
  if (type === "number" || type === "integer" || type === "boolean") return type;
  return type === "array" ? "list" : type === "object" ? "record" : "text";
}

function choicesOf({ enum: own, items }: Json): readonly string[] | undefined {
  return (own ?? items?.enum)?.map(String);
}
