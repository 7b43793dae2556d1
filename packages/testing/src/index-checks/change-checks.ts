// What adding, replacing and deleting has to do, and what it must leave alone.

import { expect } from "vitest";
import { D, expectCode, filled, found, idsFrom, open, queries, row, table, using } from "./subject.ts";
import type { IndexSubject } from "./subject.ts";

/** The checks by name. */
export const changeChecks: Readonly<Record<string, (subject: IndexSubject) => Promise<void>>> = {
  "an id that is there gets the new vector, also within one call": checkReplacing,
  "delete: gone, unknown ids passed over, the id free again": checkDeleting,
  "much added, deleted and replaced, piece by piece": checkManyChanges,
  "vectors of another width: E_VECTORS, and nothing is lost": checkWidths,
  "NaN, infinite numbers, the id that is none: refused, and nothing is added": checkBadVectors,
  "calls are carried out in their order": checkOrder,
  "a closed index: E_CLOSED": checkClosed,
  "an unknown option: E_OPTION": checkOptions,
};

async function checkReplacing(subject: IndexSubject): Promise<void> {
  await using(filled(subject, 50), async (index) => {
    await index.add(Uint32Array.of(3), row(777));
    expect(await index.size()).toBe(50);
    expect(found(await index.search(row(777), 1))).toEqual([3]);
    expect(found(await index.search(row(3), 1))).not.toEqual([3]);
    await index.add(Uint32Array.of(9, 60, 9), Float32Array.from([...row(500), ...row(501), ...row(502)]));
    expect(await index.size()).toBe(51);
    expect(found(await index.search(row(502), 1))).toEqual([9]);
    expect(found(await index.search(row(500), 1))).not.toEqual([9]);
  });
}

async function checkDeleting(subject: IndexSubject): Promise<void> {
  await using(filled(subject, 60), async (index) => {
    expect(await index.delete(Uint32Array.of(5, 6, 5, 1000))).toBe(2);
    expect([await index.size(), await index.delete(Uint32Array.of(5))]).toEqual([58, 0]);
    const all = found(await index.search(row(5), 100));
    expect([all.length, all.includes(5), all.includes(6)]).toEqual([58, false, false]);
    await index.add(Uint32Array.of(5), row(5));
    expect([await index.size(), found(await index.search(row(5), 1))]).toEqual([59, [5]]);
  });
}

/** Ends with rows 0 to 600 without every third, of which every fifth has the vector of another row. */
async function checkManyChanges(subject: IndexSubject): Promise<void> {
  await using(open(subject), async (index) => {
    const vectorOf = (id: number): number => (id % 5 === 0 ? id + 5000 : id);
    for (let start = 0; start < 600; start += 150) await index.add(idsFrom(start, 150), table.rows(start, 150));
    expect(await index.delete(idsFrom(0, 600).filter((id) => id % 3 === 0))).toBe(200);
    const replaced = idsFrom(0, 600).filter((id) => id % 5 === 0 && id % 3 !== 0);
    await index.add(replaced, Float32Array.from([...replaced].flatMap((id) => [...row(id + 5000)])));
    expect(await index.size()).toBe(400);
    const probes = [1, 2, 5, 299, 598, 595];
    const hits = await index.search(Float32Array.from(probes.flatMap((id) => [...row(vectorOf(id))])), 3);
    probes.forEach((id, query) => expect(found(hits, query)[0]).toBe(id));
    expect(hits.ids.every((id) => id % 3 !== 0)).toBe(true);
  });
}

async function checkWidths(subject: IndexSubject): Promise<void> {
  await using(filled(subject, 20), async (index) => {
    await expectCode(index.add(Uint32Array.of(90, 91), new Float32Array(2 * D - 2).fill(1)), "E_VECTORS");
    await expectCode(index.add(Uint32Array.of(90), new Float32Array(D + 1).fill(1)), "E_VECTORS");
    await expectCode(index.add(Uint32Array.of(90), new Float32Array()), "E_VECTORS");
    await expectCode(index.add(new Uint32Array(), new Float32Array(D)), "E_VECTORS");
    expect([await index.size(), found(await index.search(row(4), 1))]).toEqual([20, [4]]);
  });
  await using(open(subject, { dimension: D }), async (index) => {
    await expectCode(index.add(Uint32Array.of(1), new Float32Array(D - 1).fill(1)), "E_VECTORS");
    await index.add(Uint32Array.of(1), row(1));
  });
}

async function checkBadVectors(subject: IndexSubject): Promise<void> {
  await using(filled(subject, 20), async (index) => {
    const three = table.rows(100, 3);
    await expectCode(index.add(idsFrom(100, 3), three.with(2 * D + 1, NaN)), "E_NON_FINITE");
    await expectCode(index.add(idsFrom(100, 3), three.with(D, -Infinity)), "E_NON_FINITE");
    await expectCode(index.add(Uint32Array.of(100, 0xffffffff, 101), three), "E_INDEX_ID");
    expect(await index.size()).toBe(20);
    expect(found(await index.search(row(100), 30)).every((id) => id < 20)).toBe(true);
  });
}

async function checkOrder(subject: IndexSubject): Promise<void> {
  await using(open(subject), async (index) => {
    const [, one, , two, gone, none] = await Promise.all([
      index.add(idsFrom(0, 1), row(0)),
      index.search(row(1), 5),
      index.add(idsFrom(1, 1), row(1)),
      index.search(row(1), 5),
      index.delete(Uint32Array.of(0, 1)),
      index.size(),
    ]);
    expect([found(one), found(two), gone, none]).toEqual([[0], [1, 0], 2, 0]);
  });
}

async function checkClosed(subject: IndexSubject): Promise<void> {
  const index = await filled(subject, 5);
  const running = index.search(queries, 3);
  await index[Symbol.asyncDispose]();
  expect((await running).width).toBe(3);
  await index[Symbol.asyncDispose]();
  const calls = [
    index.add(idsFrom(0, 1), row(0)),
    index.search(queries, 3),
    index.delete(idsFrom(0, 1)),
    index.size(),
    index.save(subject.folder()),
    index.load(subject.folder()),
  ];
  for (const call of calls) await expectCode(call, "E_CLOSED");
}

async function checkOptions(subject: IndexSubject): Promise<void> {
  await expectCode(open(subject, { "no-such-option": 1 }), "E_OPTION");
  await expectCode(open(subject, { metric: "manhattan" }), "E_OPTION");
  await expectCode(open(subject, { dimension: 0 }), "E_OPTION");
}
