// Training time: runs while steps run, stands while the model is evaluated or saved.

export class Clock {
  #elapsed: number;
  #since: number | undefined = performance.now();

  /** `before`: seconds that earlier parts of the training took. */
  constructor(before = 0) {
    this.#elapsed = before * 1000;
  }

  get seconds(): number {
    return (this.#elapsed + (this.#since === undefined ? 0 : performance.now() - this.#since)) / 1000;
  }

  /** Stands still while `work` runs. */
  async paused<T>(work: () => Promise<T>): Promise<T> {
    this.#elapsed = this.seconds * 1000;
    this.#since = undefined;
    try {
      return await work();
    } finally {
      this.#since = performance.now();
    }
  }
}
