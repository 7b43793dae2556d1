// The patterns in the stages of tokenizer.json: a file from anywhere must not be able to stop the program with one.

import { tokenizerError } from "./contents.ts";

/**
 * Refuses (E_TOKENIZER) a pattern that is neither text nor a regular expression, and a regular expression that repeats a group without bound which
 * itself repeats something without bound, such as `(a+)+`: on some texts it would take years.
 */
export function expectPatterns(stage: string, config: unknown): void {
  if (typeof config !== "object" || config === null) return;
  for (const [key, value] of Object.entries(config)) {
    if (key !== "pattern") expectPatterns(stage, value);
    else expectPattern(stage, value as { readonly String?: unknown; readonly Regex?: unknown } | null);
  }
}

function expectPattern(stage: string, pattern: { readonly String?: unknown; readonly Regex?: unknown } | null): void {
  if (typeof pattern?.String === "string") return;
  if (typeof pattern?.Regex !== "string")
    throw tokenizerError(stage, `"pattern": expected "String" or "Regex", got ${JSON.stringify(pattern)}`);
  if (repeatsRepetition(pattern.Regex)) {
    throw tokenizerError(
      stage,
      `the pattern ${JSON.stringify(pattern.Regex)} repeats a repetition, which can take forever`,
      "use another model",
    );
  }
}

/** Whether a group that is repeated without bound holds something that is. */
function repeatsRepetition(source: string): boolean {
  const unbounded = /^(?:[*+]|\{\d+,\})/;
  const groups: boolean[] = [false]; // for each open group: does it repeat something without bound?
  // Escapes and classes are single characters here.
  const characters = source.replaceAll(/\\./gs, "x").replaceAll(/\[\^?\]?[^\]]*\]/g, "x");
  for (let at = 0; at < characters.length; at++) {
    if (characters[at] === "(") groups.push(false);
    const repeated = unbounded.test(characters.slice(at + 1, at + 12));
    const inner = characters[at] === ")" && groups.length > 1 ? groups.pop()! : false;
    if (inner && repeated) return true;
    if (inner || repeated) groups[groups.length - 1] = true;
  }
  return false;
}
