// From flags to settings: every option, its type and its default come from schemas, those of the command and those of the chosen plugins
// (plugin-options.ts). Flags win over the file, the file over defaults.

import { AttuneError, clearestIssue, issueSentence, knownKeys, nearestName, show, valueAt } from "@attune/core";
import type { Registry } from "@attune/core";
import { z } from "zod";
import type { Flag } from "./arguments.ts";
import { coerce, merged, spellings, textOf } from "./flag-values.ts";
import { applyPluginOptions, expectPluginOptions } from "./plugin-options.ts";
import { fieldsOf } from "./schema-fields.ts";
import type { Field } from "./schema-fields.ts";

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
    const field = fields.find((one) => spellings(one).includes(flag.name));
    if (!field) leftOver.push(flag);
    else {
      const before = given.has(field.key) ? settings[field.key] : undefined;
      settings[field.key] = merged(field, before, field.kind ? chosenByFlag(field, flag, source) : coerce(field, flag), flag);
      given.add(field.key);
    }
  }
  const typed = applyPluginOptions(leftOver, settings, fields, source);
  const complete = validated(source, settings, given);
  for (const field of fields) expectPluginOptions(field, settings, source, typed);
  return complete;
}

/** `--loss NAME` keeps options that the file gives for the same name, and so does each name of a list. */
function chosenByFlag({ key, type }: Field, flag: Flag, { file }: SettingsSource): unknown {
  const ofFile = file?.settings[key];
  const named = (name: string, choices: readonly unknown[]): unknown =>
    choices.find((one) => Array.isArray(one) && one[0] === name) ?? name;
  if (type !== "list") return named(textOf(flag), [ofFile]);
  return textOf(flag)
    .split(",")
    .map((name) => named(name.trim(), Array.isArray(ofFile) ? ofFile : []));
}

function validated<Schema extends z.core.$ZodType>(
  { schema, file }: SettingsSource & { schema: Schema },
  settings: RawSettings,
  given: ReadonlySet<string>,
): z.output<Schema> {
  const result = z.safeParse(schema, settings);
  if (result.success) return result.data;
  // A misspelt key of the file says more than the option that is missing for it.
  const issues = result.error.issues.map((raw) => ({ raw, issue: clearestIssue(raw) }));
  const { raw, issue } = issues.find((one) => one.issue.code === "unrecognized_keys") ?? issues[0];
  if (issue.code === "unrecognized_keys") {
    const [[unknown], inside] = [issue.keys, issue.path.length > 0];
    const nearest = nearestName(unknown, knownKeys(schema, issue.path));
    throw new AttuneError({
      code: "E_OPTION",
      place: `${file?.path} ${show(inside ? issue.path.join(".") : unknown)}`,
      problem: inside ? `has no option ${show(unknown)}` : "is no option",
      hint: nearest && `did you mean ${show(nearest)}?`,
    });
  }
  const key = String(issue.path[0]);
  const value = settings[key];
  const flag = `--${fieldsOf(schema).find((field) => field.key === key)?.flag ?? key}`;
  if (value === undefined)
    throw new AttuneError({ code: "E_OPTION", place: flag, problem: "is missing", hint: "--help lists all options" });
  if (given.has(key) || !file) throw new AttuneError({ code: "E_OPTION", place: flag, problem: issueSentence(issue), got: show(value) });
  const path = issue === raw && issue.path.length <= 2 ? [key] : issue.path; // deeper: which of several data sets is meant
  const got = valueAt(settings, path);
  const told = got === undefined ? { problem: "is missing" } : { problem: issueSentence(issue), got: show(got) };
  throw new AttuneError({ code: "E_OPTION", place: `${file.path} ${show(path.join("."))}`, ...told });
}
