// Splits a command line into flags and their values. Knows no option; what a flag means is decided by the schemas (options.ts).

import { AttuneError, show } from "@attune/core";

/** `--loss.temperature 0.05`: the name without dashes; true where no value follows. */
export interface Flag {
  readonly name: string;
  readonly value: string | true;
}

/**
 * Flags in order. A flag takes the next word as its value unless that begins with two dashes; a first word without dashes is the value of `first`,
 * where a command has such an option. E_OPTION for words that belong to no flag.
 */
export function parseFlags(words: readonly string[], first?: string): Flag[] {
  const leads = first !== undefined && words.length > 0 && !words[0].startsWith("-");
  const flags: Flag[] = leads ? [{ name: first, value: words[0] }] : [];
  for (let i = flags.length; i < words.length; i++) {
    const [, name, , value] = /^--([^=]+)(=(.*))?$/s.exec(words[i]) ?? [];
    if (name === undefined) {
      throw new AttuneError({
        code: "E_OPTION",
        place: show(words[i]),
        problem: "belongs to no option",
        hint: "options begin with two dashes",
      });
    }
    if (value !== undefined) flags.push({ name, value });
    else if (i + 1 < words.length && !words[i + 1].startsWith("--")) flags.push({ name, value: words[++i] });
    else flags.push({ name, value: true });
  }
  return flags;
}

/** Takes the switches of these names out of a list of flags. E_OPTION for one that was given a value. */
export function takeSwitches<N extends string>(flags: readonly Flag[], names: readonly N[]): { rest: Flag[]; on: ReadonlySet<N> } {
  const isSwitch = (flag: Flag): boolean => (names as readonly string[]).includes(flag.name);
  const wrong = flags.find((flag) => isSwitch(flag) && flag.value !== true);
  if (wrong) throw new AttuneError({ code: "E_OPTION", place: `--${wrong.name}`, problem: "takes no value", got: show(wrong.value) });
  return { rest: flags.filter((flag) => !isSwitch(flag)), on: new Set(flags.filter(isSwitch).map(({ name }) => name as N)) };
}

/** The values of every `--plugin`, each once: they are loaded before other flags can be understood. */
export function modulesOf(flags: readonly Flag[]): string[] {
  return [...new Set(flags.flatMap(({ name, value }) => (name === "plugin" && value !== true ? [value] : [])))];
}
