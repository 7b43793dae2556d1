// Help, generated from the schemas of a command and of the plugins that it can name.

import type { Registry } from "@attune/core";
import type { z } from "zod";
import { number } from "../report/numbers.ts";
import { prefixOf } from "./plugin-options.ts";
import { fieldsOf } from "./schema-fields.ts";
import type { Field } from "./schema-fields.ts";

export interface HelpParts {
  /** "attune train --model MODEL --data PATH --output DIR [options]" */
  readonly usage: string;
  readonly summary: string;
  readonly schema: z.core.$ZodType;
  /** Flags that the command reads itself: name and value -> description. */
  readonly switches?: Readonly<Record<string, string>>;
  /** For options that name plugins. */
  readonly registry?: Registry;
  readonly examples?: readonly string[];
}

const WIDTH = 110;
const COLUMN = 30;

/** The help text of a command. */
export function helpText({ usage, summary, schema, switches = {}, registry, examples = [] }: HelpParts): string {
  const fields = fieldsOf(schema);
  const lines = [`${usage}`, "", ...wrap(summary, 0), ""];
  lines.push("Required:", ...fields.filter(({ required }) => required).flatMap((field) => describe(field)), "");
  lines.push("Options:", ...fields.filter(({ required }) => !required).flatMap((field) => describe(field)));
  lines.push(...Object.entries(switches).flatMap(([spelled, description]) => entry(`--${spelled}`, description)), "");
  if (registry) for (const field of fields) lines.push(...pluginHelp(field, registry));
  if (examples.length > 0) lines.push("Examples:", ...examples.map((example) => `  ${example}`), "");
  return lines.join("\n").replace("Required:\n\n", "");
}

/** What may stand after an option that names plugins, each with its own options. */
function pluginHelp(owner: Field, registry: Registry): string[] {
  const { kind, flag, type } = owner;
  if (!kind) return [];
  const lines = registry
    .list(kind)
    .flatMap((plugin) => [
      ...entry(`  ${plugin.name}`, plugin.summary),
      ...fieldsOf(plugin.options).flatMap((field) => describe(field, prefixOf(owner, plugin), "      ")),
    ]);
  const names = type === "list" ? "names any of" : "is one of";
  const prefix = prefixOf(owner, { name: "NAME" });
  return [`--${flag} ${names} (the prefix "${prefix}" may be left out where no other option has the name):`, ...lines, ""];
}

function describe(field: Field, prefix = "", indent = "  "): string[] {
  const value = field.type === "boolean" ? "" : ` ${placeholder(field)}`;
  const fallback = field.fallback === undefined || field.type === "boolean" ? "" : ` (${shown(field.fallback)})`;
  if (field.fallback === true) return entry(`--no-${prefix}${field.flag}`, `leave out ${field.description}`, indent);
  const choices = field.choices ? ` [${field.choices.join(" | ")}]` : "";
  return entry(`--${prefix}${field.flag}${value}`, `${field.description}${choices}${fallback}`, indent);
}

function placeholder({ type, kind }: Field): string {
  if (kind && type !== "list") return "NAME";
  return { text: "TEXT", texts: "TEXT", number: "N", integer: "N", list: "A,B,…", record: "A=B,…", boolean: "" }[type];
}

function shown(value: unknown): string {
  if (typeof value === "number") return number(value);
  return typeof value === "string" ? value : Array.isArray(value) ? value.join(",") || "none" : JSON.stringify(value);
}

function entry(left: string, right: string, indent = "  "): string[] {
  const head = `${indent}${left}`;
  const [first = "", ...rest] = wrap(right, COLUMN + indent.length);
  const pad = " ".repeat(COLUMN + indent.length);
  const lines = rest.map((line) => `${pad}${line}`);
  return head.length < pad.length ? [`${head.padEnd(pad.length)}${first}`, ...lines] : [head, `${pad}${first}`, ...lines];
}

function wrap(text: string, column: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && column + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
