// How keys are called in one file: as they are, as the user says (`anchor=title`), and in tables whatever the case of their letters. Notes which of
// the user's names were met, so that one which leads nowhere is an error and not a row without its negatives.

import { AttuneError, nearestName } from "@attune/core";

/** Understood name -> name in the file. */
export type Columns = Readonly<Record<string, string>>;

/** What to do about settings that fit one data set and not another one. */
export const OWN_SETTINGS = "where data sets differ, give each its own columns and split (attune train --config)";

export class ColumnNames {
  readonly #given: Columns;
  /** Names in the file that the user gave to a key: no other key has them. */
  readonly #taken: ReadonlySet<string>;
  /** Of a table. */
  readonly #header: readonly string[] | undefined;
  readonly #names = new Map<string, string>();
  readonly #met = new Set<string>();
  /** Key that was looked for -> the keys of the first record that had no such name. */
  readonly #missed = new Map<string, readonly string[]>();

  constructor(columns: Columns = {}, header?: readonly string[]) {
    this.#header = header;
    this.#given = Object.fromEntries(Object.entries(columns).map(([key, name]) => [key, this.#spelled(name)]));
    this.#taken = new Set(Object.values(this.#given));
  }

  /** The keys that the user named. */
  get given(): readonly string[] {
    return Object.keys(this.#given);
  }

  /** Whether the user named this key. */
  isGiven(key: string): boolean {
    return Object.hasOwn(this.#given, key);
  }

  /** A key as the file spells it. */
  nameOf(key: string): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = this.isGiven(key) ? this.#given[key] : this.#spelled(key);
    this.#names.set(key, name);
    return name;
  }

  /** The name under which a key stands in these fields of a record, or of an object inside of one; undefined where they do not have it. */
  find(key: string, fields: Readonly<Record<string, unknown>>, { inside }: { inside: boolean }): string | undefined {
    const name = this.nameOf(key);
    const given = this.isGiven(key);
    if (!given && !inside && this.#taken.has(name)) return undefined;
    const found = Object.hasOwn(fields, name);
    if (given && found) this.#met.add(key);
    if (given && !found && !this.#missed.has(key)) this.#missed.set(key, Object.keys(fields));
    return found ? name : undefined;
  }

  /** E_OPTION for a name that the header of a table does not have. */
  expectInHeader(place: string): void {
    const key = this.given.find((one) => !this.#header?.includes(this.#given[one]));
    if (key !== undefined) throw this.#absent(place, key, this.#header ?? []);
  }

  /** E_OPTION for a name that was looked for, so far in vain. */
  expectNoneMissed(place: string): void {
    const missed = this.#missed.entries().find(([key]) => !this.#met.has(key));
    if (missed) throw this.#absent(place, ...missed);
  }

  /** E_OPTION for a name that no row has, or for a key that rows of these columns do not have, once rows were read. */
  expectAllMet(place: string, columns: readonly string[]): void {
    this.expectNoneMissed(place);
    const key = this.given.find((one) => !this.#met.has(one));
    if (key === undefined) return;
    const problem = `has rows of ${listed(columns)}, which take no ${JSON.stringify(key)} (--columns ${key}=${this.#given[key]})`;
    throw new AttuneError({ code: "E_OPTION", place, problem });
  }

  #absent(place: string, key: string, names: readonly string[]): AttuneError {
    const name = this.#given[key];
    const nearest = nearestName(name, names);
    return new AttuneError({
      code: "E_OPTION",
      place,
      expected: `the column ${JSON.stringify(name)} (--columns ${key}=${name})`,
      got: listed(names) || "an empty object",
      hint: nearest === undefined ? OWN_SETTINGS : `did you mean ${JSON.stringify(nearest)}?`,
    });
  }

  #spelled(name: string): string {
    if (!this.#header || this.#header.includes(name)) return name;
    return this.#header.find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;
  }
}

/** Names as messages list them. */
export function listed(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}
