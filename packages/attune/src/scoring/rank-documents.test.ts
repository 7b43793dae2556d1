import { expect, test } from "vitest";
import { rankDocuments } from "./rank-documents.ts";

async function* stream(count: number) {
  for (let i = 0; i < count; i++) yield { text: String(i) };
}

test("a stream longer than what is scored at once: the best are kept, those of equal score in their order", async () => {
  const calls: number[] = [];
  const score = async (pairs: readonly { query: string; document: string }[]) => (
    calls.push(pairs.length),
    pairs.map(({ document }) => (Number(document) * 7) % 10)
  );
  const { ranked, count } = await rankDocuments("q", stream(10_000), score, { topK: 3 });
  expect([count, calls]).toEqual([10_000, [4096, 4096, 1808]]);
  expect(ranked).toEqual([7, 17, 27].map((index) => ({ index, score: 9, document: { text: String(index) } })));
  const all = await rankDocuments("q", stream(5000), score);
  expect(all.ranked.slice(0, 3)).toEqual(ranked);
  expect(all.ranked).toHaveLength(5000);
  expect(all.ranked.at(-1)).toMatchObject({ index: 4990, score: 0 });
});
