// Under which names counted instructions are judged: the budget says it, never the measurement, so no kernel changes its name by getting faster or slower.

/** Instructions by precision and by command, as they were counted. */
export type CountedCommands = Readonly<Record<string, Readonly<Record<string, number>>>>;

type Counts = Readonly<Record<string, number>>;

const nameOf = (precision: string, command: string): string => `instructions ${precision} ${command}`;

/** A command goes by its own name where the budget has one for it; all others of its precision are added up as "others". */
export function namedByBudget(counted: CountedCommands, budget: Counts): Record<string, number> {
  return added(counted, (name) => Object.hasOwn(budget, name));
}

/** Names for a new budget: those of the old one stay, and a command that makes a thousandth of its precision's instructions gets one. */
export function namedAnew(counted: CountedCommands, budget: Counts): Record<string, number> {
  return added(counted, (name, share) => Object.hasOwn(budget, name) || share >= 1 / 1000);
}

function added(counted: CountedCommands, hasName: (name: string, share: number) => boolean): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [precision, commands] of Object.entries(counted)) {
    const all = Object.values(commands).reduce((sum, count) => sum + count, 0);
    for (const [command, count] of Object.entries(commands).sort((a, b) => b[1] - a[1])) {
      const own = nameOf(precision, command);
      if (hasName(own, count / all)) found[own] = count;
    }
    const named = Object.keys(commands).filter((command) => Object.hasOwn(found, nameOf(precision, command)));
    const rest = all - named.reduce((sum, command) => sum + commands[command], 0);
    if (rest > 0 || hasName(nameOf(precision, "others"), 0)) found[nameOf(precision, "others")] = rest;
  }
  return found;
}

/** "bf16 cast 4,000,000": the commands that are added up as others, the largest first, for a reader who wonders which of them grew. */
export function othersOf(counted: CountedCommands, budget: Counts): string[] {
  return Object.entries(counted)
    .flatMap(([precision, commands]) => Object.entries(commands).map(([command, count]) => ({ precision, command, count })))
    .filter(({ precision, command }) => !Object.hasOwn(budget, nameOf(precision, command)))
    .sort((a, b) => b.count - a.count)
    .map(({ precision, command, count }) => `${precision} ${command} ${count.toLocaleString("en")}`);
}
