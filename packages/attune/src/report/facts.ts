// Settings for a person: names and values as one would say them.

import type { Named } from "@attune/report";
import { number } from "./numbers.ts";

/** Settings as rows; what was not set is left out. */
export function settingsOf(settings: Readonly<Record<string, unknown>>): Named[] {
  const set = Object.entries(settings).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  return set.map(([name, value]): Named => [words(name), said(value)]);
}

/** "batchSize" -> "batch size" */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** A value as a person would say it: "infonce (temperature 0.05)" for a plugin with its options. */
function said(value: unknown): string {
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && isRecord(value[1])) {
    const options = optionList(value[1]);
    return options === "" ? value[0] : `${value[0]} (${options})`;
  }
  if (Array.isArray(value)) return value.map(said).join(", ");
  return isRecord(value) ? optionList(value) : String(value);
}

function optionList(options: Readonly<Record<string, unknown>>): string {
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return set.map(([name, value]) => `${words(name)} ${said(value)}`).join(", ");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
