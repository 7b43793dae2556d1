// Every failure that a user can meet is an AttuneError: a sentence with a code, the place, what was expected, what came, and the next step.
// Bugs stay plain Errors; nothing here formats for a terminal.

export interface ErrorDetails {
  /** Stable code, `E_` and capitals; tests and callers match on it. */
  readonly code: `E_${string}`;
  /** Where: `file:line`, a tensor's name, an option. */
  readonly place?: string;
  /** What is wrong, as a sentence fragment; may be left out when `expected` and `got` say it all. */
  readonly problem?: string;
  readonly expected?: string;
  readonly got?: string;
  /** What to do next, as a sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A failure with a code, a place and a next step. Its message reads `E_ROW train.jsonl:17 "pos": expected …, got …. Hint: …`. */
export class AttuneError extends Error {
  override readonly name = "AttuneError";
  readonly code: ErrorDetails["code"];
  readonly place: string | undefined;
  readonly expected: string | undefined;
  readonly got: string | undefined;
  readonly hint: string | undefined;
  /** What is wrong, with what was expected and what came, but not where. */
  readonly problem: string;
  readonly #details: ErrorDetails;

  constructor(details: ErrorDetails) {
    const problem = problemOf(details);
    super(`${details.code} ${sentenceOf(details.place, problem)}${details.hint ? `. Hint: ${details.hint}` : ""}`, {
      cause: details.cause,
    });
    this.code = details.code;
    this.place = details.place;
    this.expected = details.expected;
    this.got = details.got;
    this.hint = details.hint;
    this.problem = problem;
    this.#details = details;
  }

  /** The same failure, told with another place or next step (`undefined`: with none); this one is its cause. */
  with(changed: Pick<ErrorDetails, "place" | "hint">): AttuneError {
    return new AttuneError({ ...this.#details, ...changed, cause: this });
  }

  /** Place and problem: the message without code and hint. */
  get sentence(): string {
    return sentenceOf(this.place, this.problem);
  }
}

function sentenceOf(place: string | undefined, problem: string): string {
  return [place, problem].filter(Boolean).join(" ");
}

function problemOf({ problem, expected, got }: ErrorDetails): string {
  const compared = [expected && `expected ${expected}`, got !== undefined && `got ${got}`].filter(Boolean).join(", ");
  return [problem, compared].filter(Boolean).join(": ");
}

/** A value as an error shows it: JSON, or its own name where JSON has none (NaN, 7n), cut to `limit` characters. Never throws. */
export function show(value: unknown, limit = 60): string {
  const text = shown(typeof value === "string" ? value.slice(0, limit) : value);
  const whole = text.length <= limit && !(typeof value === "string" && value.length > limit);
  return whole ? text : `${text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, "")}…`; // no character is cut in two
}

function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "bigint") return `${value}n`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value); // it contains itself, or what JSON has no word for
  }
}
