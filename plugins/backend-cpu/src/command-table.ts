// The command list that encoder and decoder share: read from the addon, so that the two cannot drift apart unnoticed.

import { AttuneError } from "@attune/core";

export interface CommandTable {
  /** Number of a command. */
  opcode(name: string): number;
  /** Name of a command. */
  nameOf(opcode: number): string;
  /** Number of a value of an enumeration ("activation", "gelu"). */
  value(enumeration: string, name: string): number;
}

/** Parses the listing: `enum NAME: VALUES` and `COMMAND: ADDRESSES | INTEGERS | REALS` lines, numbered in their order. E_STALE_BINARY for a name that it lacks. */
export function parseCommands(listing: string): CommandTable {
  const opcodes = new Map<string, number>();
  const enumerations = new Map<string, string[]>();
  for (const line of listing.split("\n")) {
    const found = /^(enum )?(\w+):(.*)$/.exec(line.trim());
    if (!found) continue;
    const [, isEnumeration, name, rest] = found;
    if (isEnumeration) enumerations.set(name, rest.trim().split(/\s+/));
    else opcodes.set(name, opcodes.size);
  }
  const known = (number: number | undefined, name: string): number => {
    if (number !== undefined && number >= 0) return number;
    throw new AttuneError({
      code: "E_STALE_BINARY",
      place: "backend cpu",
      problem: `the native addon does not know ${name}`,
      hint: "build it again",
    });
  };
  return {
    nameOf: (opcode) => [...opcodes.keys()][opcode] ?? `command ${opcode}`,
    opcode: (name) => known(opcodes.get(name), `the command ${name}`),
    value: (enumeration, name) => known(enumerations.get(enumeration)?.indexOf(name), `${enumeration} ${name}`),
  };
}
