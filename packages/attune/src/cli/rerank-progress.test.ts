import { expect, test, vi } from "vitest";
import { createProgress } from "./rerank-progress.ts";
import { createTerminal } from "./terminal.ts";

test("the time left is told from the work alone, not from the model that was loaded before it", () => {
  vi.useFakeTimers();
  try {
    let written = "";
    const progress = createProgress(createTerminal({ write: (text) => void (written += text), isTTY: true, columns: 80 }));
    vi.advanceTimersByTime(60_000);
    progress.expect(100);
    vi.advanceTimersByTime(1000);
    progress.show(10, "cross-encoder");
    expect(written).toContain("scoring   10 of 100 pairs   eta 0:09");
  } finally {
    vi.useRealTimers();
  }
});
