import { expect, test } from "vitest";
import { createTerminal, shellWord } from "./terminal.ts";

function captured(tty: boolean) {
  const written: string[] = [];
  return { written, terminal: createTerminal({ write: (text) => void written.push(text), isTTY: tty, columns: 10 }) };
}

test("on a terminal a state is redrawn, cut to the width, and gives way to lines", () => {
  const { written, terminal } = captured(true);
  terminal.progress(() => "step 1 of a thousand");
  terminal.progress(() => expect.unreachable("states that follow too fast are not made"));
  terminal.progress(() => "step 3", { keep: true });
  terminal.fact("eval", "good");
  expect(written).toEqual(["step 1 of", "\r\u001B[2K", "step 3", "\r\u001B[2K", "  eval      good\n"]);
});

test("elsewhere only states to keep are written, as lines", () => {
  const { written, terminal } = captured(false);
  terminal.progress(() => expect.unreachable());
  terminal.progress(() => "step 2", { keep: true });
  terminal.keep();
  terminal.clear();
  expect(written).toEqual(["step 2\n"]);
});

test("a kept state ends its line", () => {
  const { written, terminal } = captured(true);
  terminal.progress(() => "done");
  terminal.keep();
  terminal.line("next");
  expect(written).toEqual(["done", "\n", "next\n"]);
});

test.each([
  ["out/tuned-1", "out/tuned-1"],
  ["modèle/日本", "modèle/日本"],
  ["my models", "'my models'"],
  ["it's", String.raw`'it'\''s'`],
])("%s as a word of a command line is %s", (path, word) => expect(shellWord(path)).toBe(word));
