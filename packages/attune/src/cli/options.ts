// From flags to settings: every option, its type and its default come from schemas, those of the command and those of the chosen plugins.
// Flags win over the file, the file over defaults.

import { AttuneError, issueSentence, nearestName, show, valueAt } from "@attune/core";
import type { Kind, Registry } from "@attune/core";
import { z } from "zod";
import { splitChoice } from "../settings/choice.ts";
import type { PluginChoice } from "../settings/choice.ts";
import type { Flag } from "./arguments.ts";
import { fieldsOf } from "./schema-fields.ts";
import type { Field, FieldType } from "./schema-fields.ts";

/** Settings of before they are validated. */
export type RawSettings = Record<string, unknown>;

export interface SettingsSource {
  readonly schema: z.core.$ZodType;
  readonly registry: Registry;
  /** Settings from a configuration file, and its path. */
  readonly file?: { readonly path: string; readonly settings: RawSettings };
  /** Flags that the command reads itself, for nearest names. */
  readonly switches?: readonly string[];
}

/** Validated settings. E_OPTION with the flag or the file's key, and the nearest name of an unknown one; E_UNKNOWN_PLUGIN. */
export function resolveSettings<Schema extends z.core.$ZodType>(
  flags: readonly Flag[],
  source: SettingsSource & { schema: Schema },
): z.output<Schema> {
  const fields = fieldsOf(source.schema);
  const settings: RawSettings = { ...source.file?.settings };
  const given = new Set<string>();
  const leftOver: Flag[] = [];
  for (const flag of flags) {
    const field = fields.find((one) => one.flag === flag.name || (one.type === "boolean" && `no-${one.flag}` === flag.name));
    if (!field) leftOver.push(flag);
    else {
      settings[field.key] = field.kind
        ? chosenByFlag(flag, settings[field.key], given.has(field.key))
        : merged(field, settings[field.key], flag, given.has(field.key));
      given.add(field.key);
    }
  }
  const typed = applyPluginOptions(leftOver, settings, fields, source);
  const complete = validated(source, settings, given);
  for (const field of fields) if (field.kind) expectPluginOptions(field, settings, source, typed);
  return complete;
}

/** `--loss NAME` keeps options that the file gives for the same name. */
function chosenByFlag(flag: Flag, before: unknown, repeated: boolean): unknown {
  const name = textOf(flag);
  if (repeated) throw givenTwice(flag);
  return Array.isArray(before) && before[0] === name ? before : name;
}

/** Lists and records grow when a flag is repeated; other options are replaced. */
function merged(field: Field, before: unknown, flag: Flag, repeated: boolean): unknown {
  const value = coerce(field, flag);
  if (!repeated) return value;
  if (field.type === "list" || field.type === "texts") return [...(before as unknown[]), ...(value as unknown[])];
  if (field.type === "record") return { ...(before as object), ...(value as object) };
  throw givenTwice(flag);
}

function givenTwice({ name }: Flag): AttuneError {
  return new AttuneError({ code: "E_OPTION", place: `--${name}`, problem: "is given twice" });
}

/** Options of the chosen plugins: `--loss.temperature`, or `--temperature` where only one of them has it. Returns the flag typed for each. */
function applyPluginOptions(
  flags: readonly Flag[],
  settings: RawSettings,
  fields: readonly Field[],
  source: SettingsSource,
): ReadonlyMap<string, string> {
  const typed = new Map<string, string>();
  if (flags.length === 0) return typed;
  const plugins = fields.filter((field) => field.kind !== undefined).flatMap((field) => pluginFields(field, settings, source.registry));
  for (const flag of flags) {
    const matching = plugins.filter(({ owner, field }) => flag.name === `${owner.flag}.${field.flag}` || flag.name === field.flag);
    if (matching.length === 0) {
      const elsewhere = pluginsWith(flag.name, fields, source.registry);
      if (elsewhere.length > 0) throw notChosen(flag, elsewhere);
      throw unknownFlag(flag, [
        ...fields.flatMap(spellings),
        ...plugins.flatMap(({ owner, field }) => [field.flag, `${owner.flag}.${field.flag}`]),
        ...(source.switches ?? []),
      ]);
    }
    if (matching.length > 1) {
      const ways = matching.map(({ owner, field }) => `--${owner.flag}.${field.flag}`).join(" or ");
      throw new AttuneError({
        code: "E_OPTION",
        place: `--${flag.name}`,
        problem: "is an option of several plugins",
        hint: `write ${ways}`,
      });
    }
    const { owner, field } = matching[0];
    const [plugin, options] = splitChoice((settings[owner.key] ?? owner.fallback) as PluginChoice<Kind>);
    settings[owner.key] = [plugin, { ...options, [field.key]: coerce(field, flag) }];
    typed.set(`${owner.flag}.${field.key}`, flag.name);
  }
  return typed;
}

/** E_OPTION with the flag that was typed, or with the file's key, for an option that the chosen plugin does not take. */
function expectPluginOptions(
  owner: Field,
  settings: RawSettings,
  { registry, file }: SettingsSource,
  typed: ReadonlyMap<string, string>,
): void {
  const chosen = settings[owner.key];
  if (chosen === undefined) return; // defaults fit, or are completed by the command
  const [named, given] = splitChoice(chosen as PluginChoice<Kind>);
  const plugin = typeof named === "string" ? registry.get(owner.kind!, named) : named;
  const result = z.safeParse(plugin.options, given);
  if (result.success) return;
  const [issue] = result.error.issues;
  const key = String(issue.path[0] ?? "");
  const flag = typed.get(`${owner.flag}.${key}`);
  const field = fieldsOf(plugin.options).find((one) => one.key === key);
  const got = valueAt(given, issue.path);
  // The nearest name is told by whoever creates the plugin, and what the command's own settings fill in is not missing.
  if (issue.code === "unrecognized_keys" || (got === undefined && (!field || key in settings))) return;
  if (got === undefined) {
    const problem = `is missing: the ${owner.kind} ${plugin.name} needs it`;
    throw new AttuneError({
      code: "E_OPTION",
      place: `--${owner.flag}.${field!.flag}`,
      problem,
      ...(field!.description && { hint: field!.description }),
    });
  }
  const place = flag
    ? `--${flag}`
    : file
      ? `${file.path} ${show(owner.key)}: the option ${show(key)} of ${plugin.name}`
      : `--${owner.flag}.${field?.flag ?? key}`;
  throw new AttuneError({ code: "E_OPTION", place, problem: issueSentence(issue), got: show(got) });
}

function pluginFields(owner: Field, settings: RawSettings, registry: Registry): { owner: Field; field: Field }[] {
  const chosen = settings[owner.key] ?? owner.fallback;
  if (chosen === undefined) return [];
  const [named] = splitChoice(chosen as PluginChoice<Kind>);
  const plugin = typeof named === "string" ? registry.get(owner.kind!, named) : named;
  return fieldsOf(plugin.options).map((field) => ({ owner, field }));
}

function validated<Schema extends z.core.$ZodType>(
  { schema, file }: SettingsSource & { schema: Schema },
  settings: RawSettings,
  given: ReadonlySet<string>,
): z.output<Schema> {
  const result = z.safeParse(schema, settings);
  if (result.success) return result.data;
  // A misspelt key of the file says more than the option that is missing for it.
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  if (issue.code === "unrecognized_keys") {
    const nearest = nearestName(
      issue.keys[0],
      fieldsOf(schema).map(({ key }) => key),
    );
    throw new AttuneError({
      code: "E_OPTION",
      place: `${file?.path} ${show(issue.keys[0])}`,
      problem: "is no option",
      hint: nearest && `did you mean ${show(nearest)}?`,
    });
  }
  const key = String(issue.path[0]);
  const value = settings[key];
  const flag = `--${fieldsOf(schema).find((field) => field.key === key)?.flag ?? key}`;
  if (value === undefined)
    throw new AttuneError({ code: "E_OPTION", place: flag, problem: "is missing", hint: "--help lists all options" });
  const place = given.has(key) || !file ? flag : `${file.path} ${show(key)}`;
  throw new AttuneError({ code: "E_OPTION", place, problem: issueSentence(issue), got: show(value) });
}

/** Plugins that have an option of this name, as they are chosen: "--sampler token-budget". */
function pluginsWith(name: string, fields: readonly Field[], registry: Registry): string[] {
  return fields.flatMap(({ kind, flag }) => {
    const plugins = kind ? registry.list(kind) : [];
    const has = (plugin: (typeof plugins)[number]): boolean =>
      fieldsOf(plugin.options).some((field) => name === field.flag || name === `${flag}.${field.flag}`);
    return plugins.filter(has).map((plugin) => `--${flag} ${plugin.name}`);
  });
}

function notChosen(flag: Flag, plugins: readonly string[]): AttuneError {
  const problem = `is an option of ${plugins.join(", ")}, ${plugins.length === 1 ? "which is not" : "none of which is"} chosen`;
  return new AttuneError({ code: "E_OPTION", place: typedAs(flag), problem });
}

function unknownFlag(flag: Flag, known: readonly string[]): AttuneError {
  const nearest = known.find((one) => initialsOf(one) === flag.name) ?? nearestName(flag.name, new Set(known));
  return new AttuneError({
    code: "E_OPTION",
    place: `${typedAs(flag)}:`,
    problem: `no such option.${nearest ? ` Did you mean --${nearest}?` : ""}`,
    ...(!nearest && { hint: "--help lists all options" }),
  });
}

function typedAs({ name, value }: Flag): string {
  return value === true ? `--${name}` : `--${name} ${value}`;
}

/** learning-rate -> lr */
function initialsOf(flag: string): string {
  return flag
    .split("-")
    .map((word) => word.slice(0, 1))
    .join("");
}

function spellings(field: Field): string[] {
  return field.type === "boolean" ? [field.flag, `no-${field.flag}`] : [field.flag];
}

/** A flag's text as its field's type. E_OPTION when it is none. */
function coerce(field: Field, flag: Flag): unknown {
  if (field.type === "boolean") return booleanOf(flag, flag.name !== field.flag);
  const text = textOf(flag);
  if (field.type === "texts") return [text];
  if (field.type === "list") return text.split(",").map((entry) => scalar(field.items ?? "text", entry.trim(), flag));
  if (field.type === "record") return recordOf(text, flag);
  return scalar(field.type, text, flag);
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

function textOf({ name, value }: Flag): string {
  if (value !== true) return value;
  throw new AttuneError({ code: "E_OPTION", place: `--${name}`, problem: "needs a value" });
}
