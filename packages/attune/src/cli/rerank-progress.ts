// The progress line of a reranking: how many texts or pairs are done, and where that is known how long the others will take.

import { count, duration, plural } from "../report/numbers.ts";
import type { Scorer } from "../scoring/scorer.ts";
import type { Terminal } from "./terminal.ts";

export interface Progress {
  /** The work starts now, with so many pairs to score: what took time before says nothing about the time left. */
  expect(pairs: number): void;
  readonly show: (done: number, kind: Scorer["kind"]) => void;
}

export function createProgress(terminal: Terminal): Progress {
  let work: { readonly pairs: number; readonly began: number } | undefined;
  return {
    expect: (pairs) => (work = { pairs, began: performance.now() }),
    show(done, kind) {
      if (kind === "embedding") terminal.progress(() => `  encoding  ${plural(done, "text")} …`);
      else if (!work) terminal.progress(() => `  scoring   ${plural(done, "pair")} …`);
      else {
        const { pairs, began } = work;
        const left = ((performance.now() - began) / 1000 / done) * (pairs - done);
        terminal.progress(() => `  scoring   ${count(done)} of ${plural(pairs, "pair")}   eta ${duration(left)}`);
      }
    },
  };
}
