// Numbers for names: an index knows vectors by number, users know documents by id.

import { NO_ID } from "./vector-index.ts";

/** Numbers for names, from 0 in the order in which names came. */
export interface IdMap {
  /** All names by number; kept beside a saved index, it makes the same map again. */
  readonly names: readonly string[];
  /** The number of a name, a new one where it has none. */
  numberOf(name: string): number;
  /** The number of a name that was given one. */
  find(name: string): number | undefined;
  /** The name of a number; undefined for `NO_ID` and numbers that were never given. */
  nameOf(id: number): string | undefined;
}

/** A map with these names to begin with. */
export function createIdMap(names: Iterable<string> = []): IdMap {
  const list: string[] = [];
  const numbers = new Map<string, number>();
  const map: IdMap = {
    names: list,
    numberOf(name) {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      numbers.set(name, list.length);
      return list.push(name) - 1;
    },
    find: (name) => numbers.get(name),
    nameOf: (id) => (id === NO_ID ? undefined : list[id]),
  };
  for (const name of names) map.numberOf(name);
  return map;
}
