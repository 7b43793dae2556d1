// Cases that a backend may leave out: each with a reason, printed, and failing as soon as the reason no longer holds.

export interface Skip {
  readonly reason: string;
  /** Names of cases as the test report writes them; a final `*` stands for any ending. */
  readonly cases: readonly string[];
}

/** The list, with a record of what was met. */
export class Skips {
  readonly #skips: readonly Skip[];
  readonly #unmet: Set<string>;

  constructor(skips: readonly Skip[]) {
    this.#skips = skips;
    this.#unmet = new Set(skips.flatMap(({ cases }) => cases));
  }

  /** Why this case is left out; undefined when it is not. */
  reasonFor(name: string): string | undefined {
    for (const { reason, cases } of this.#skips) {
      const pattern = cases.find((one) => (one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : name === one));
      if (pattern === undefined) continue;
      this.#unmet.delete(pattern);
      return reason;
    }
    return undefined;
  }

  /** Patterns that no case had. */
  get unmet(): readonly string[] {
    return [...this.#unmet];
  }

  /**
   * Runs a check that may be left out: a listed one runs too, `skip` is called with the reason when it fails, and when it passes the run fails.
   */
  async run(name: string, check: () => Promise<void> | void, skip: (reason: string) => void): Promise<void> {
    const reason = this.reasonFor(name);
    if (reason === undefined) return await check();
    const passed = await Promise.resolve()
      .then(check)
      .then(
        () => true,
        () => false,
      );
    if (passed) throw new Error(`"${name}" passes, but is listed as skipped (${reason}): take it out of the list`);
    skip(reason);
  }
}
