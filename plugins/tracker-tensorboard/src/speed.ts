// Real tokens per second while a training runs. A single step is no measure: results are read one step late and, around a checkpoint, two at once.

/** Steps that a value looks back on, and the fewest that make one. */
const WINDOW = 10;
const FEWEST = 3;

export class Speed {
  /** The last steps, oldest first; of the oldest only its end counts. The first of a part is never more than that: it maps memory. */
  readonly #steps: { readonly tokens: number; readonly seconds: number }[] = [];

  /** Tokens per second of up to the last ten steps; undefined in the first three steps. `seconds`: when the step was done. */
  after(tokens: number, seconds: number): number | undefined {
    this.#steps.push({ tokens, seconds });
    if (this.#steps.length > WINDOW + 1) this.#steps.shift();
    const [before, ...steps] = this.#steps;
    const duration = seconds - before.seconds;
    if (steps.length < FEWEST || duration <= 0) return undefined;
    return steps.reduce((sum, step) => sum + step.tokens, 0) / duration;
  }
}
