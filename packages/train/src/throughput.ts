// Real tokens per second, without the first two steps: those map memory and warm up.

const WARM_UP = 2;

export class Throughput {
  #steps = 0;
  #tokens = 0;
  #start = 0;
  #end = 0;

  /** A step of so many tokens was done when the training clock stood at `seconds`. */
  add(tokens: number, seconds: number): void {
    this.#steps++;
    this.#end = seconds;
    if (this.#steps <= WARM_UP) this.#start = seconds;
    else this.#tokens += tokens;
  }

  /** Undefined until there was a step after the warm-up. */
  get perSecond(): number | undefined {
    return this.#tokens > 0 && this.#end > this.#start ? this.#tokens / (this.#end - this.#start) : undefined;
  }
}
