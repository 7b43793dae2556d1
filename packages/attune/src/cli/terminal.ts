// Messages and progress for a person, all on stderr: a line that is redrawn on a terminal, a line now and then elsewhere.

/** Where text goes. */
export interface Sink {
  write(text: string): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Terminal {
  /** A line that stays. */
  line(text?: string): void;
  /** A line that stays, with a label before it: "  data      12,031 rows". */
  fact(label: string, text: string): void;
  /**
   * The state of what is under way; the next state replaces it, and states that follow too fast are left out. Where lines cannot be redrawn
   * it is written only if `keep` is set.
   */
  progress(text: () => string, options?: { keep?: boolean }): void;
  /** Ends the line of the last state, which stays. */
  keep(): void;
  /** Takes the last state away. */
  clear(): void;
}

const LABEL = 10;
/** Milliseconds between two states on a terminal. */
const REDRAW = 80;

/** A terminal on a stream. */
export function createTerminal(sink: Sink): Terminal {
  let shown = false;
  let drawn = -Infinity;
  const clear = (): void => {
    if (shown) sink.write("\r\u001B[2K");
    shown = false;
  };
  const line = (text = ""): void => {
    clear();
    sink.write(`${text}\n`);
  };
  return {
    line,
    fact: (label, text) => line(`  ${label.padEnd(LABEL)}${text}`),
    progress(text, { keep = false } = {}) {
      if (!sink.isTTY) {
        if (keep) line(text());
        return;
      }
      if (!keep && performance.now() - drawn < REDRAW) return;
      clear();
      sink.write(cut(text(), (sink.columns ?? 80) - 1));
      shown = true;
      drawn = performance.now();
    },
    keep() {
      if (shown) sink.write("\n");
      shown = false;
    },
    clear,
  };
}

function cut(text: string, width: number): string {
  const letters = Array.from(text);
  return letters.length <= width ? text : letters.slice(0, width).join("");
}

/** A path as a command line takes it: quoted where a shell would not leave it whole. */
export function shellWord(text: string): string {
  return /^[\p{L}\p{N}_@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
