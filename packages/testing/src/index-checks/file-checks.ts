// What saving and loading has to keep, and what it must notice.

import { joinPath } from "@attune/core";
import type { VectorIndex } from "@attune/search";
import { expect } from "vitest";
import { D, expectCode, filled, found, idsFrom, open, queries, row, table, using } from "./subject.ts";
import type { IndexSubject } from "./subject.ts";

/** The checks by name. */
export const fileChecks: Readonly<Record<string, (subject: IndexSubject) => Promise<void>>> = {
  "saved and loaded: the same answers, and it goes on": checkSaving,
  "an empty index is saved and loaded": checkSavingEmpty,
  "saved again: the old files are gone, a failed save leaves the old index": checkSavingAgain,
  "damaged or missing files: a sentence, and what was loaded before stays": checkDamage,
  "an index of another width, metric or kind is refused": checkOthers,
};

async function checkSaving(subject: IndexSubject): Promise<void> {
  const folder = subject.folder();
  const before = await using(filled(subject, 300), async (index) => {
    await index.delete(Uint32Array.of(7, 8));
    await index.add(Uint32Array.of(9), row(700));
    await index.save(folder);
    return index.search(queries, 10);
  });
  await using(filled(subject, 20), async (index) => {
    await index.load(folder);
    expect(await index.size()).toBe(298);
    expect(await index.search(queries, 10)).toEqual(before);
    await index.add(Uint32Array.of(1000, 10), Float32Array.from([...row(1000), ...row(1001)]));
    expect(await index.delete(Uint32Array.of(11, 7))).toBe(1);
    const hits = await index.search(Float32Array.from([...row(1000), ...row(1001), ...row(700)]), 1);
    expect([await index.size(), ...hits.ids]).toEqual([298, 1000, 10, 9]);
  });
}

/** One that never had a vector, and one that has none any more. */
async function checkSavingEmpty(subject: IndexSubject): Promise<void> {
  for (const count of [0, 30]) {
    const folder = subject.folder();
    await using(count === 0 ? open(subject) : filled(subject, count), async (index) => {
      await index.delete(idsFrom(0, count));
      await index.save(folder);
    });
    await using(filled(subject, 5), async (index) => {
      await index.load(folder);
      expect([await index.size(), (await index.search(row(2), 1)).width]).toEqual([0, 0]);
      await index.add(idsFrom(0, 3), table.rows(0, 3));
      expect([await index.size(), ...found(await index.search(row(2), 1))]).toEqual([3, 2]);
    });
  }
}

async function checkSavingAgain(subject: IndexSubject): Promise<void> {
  const { files } = subject;
  const folder = subject.folder();
  await using(filled(subject, 10), async (index) => {
    await index.save(folder);
    const first = await files.list(folder);
    await index.add(idsFrom(50, 5), table.rows(50, 5));
    await index.save(folder);
    const second = await files.list(folder);
    expect(second).toHaveLength(first.length);
    expect(second.filter((name) => first.includes(name))).toEqual(["index.json"]);
    await files.write(joinPath(folder, "blocked"), "a file");
    await expect(index.save(joinPath(folder, "blocked"))).rejects.toMatchObject({ code: expect.stringMatching(/^E_/) });
  });
  await using(open(subject), async (index) => {
    await index.load(folder);
    expect(await index.size()).toBe(15);
  });
}

async function checkDamage(subject: IndexSubject): Promise<void> {
  const { files } = subject;
  const folder = subject.folder();
  await using(filled(subject, 40), (index) => index.save(folder));
  const names = await files.list(folder);
  await using(filled(subject, 6), async (index) => {
    await expectCode(index.load(joinPath(folder, "none")), "E_NO_FILE");
    for (const name of names) {
      const path = joinPath(folder, name);
      const whole = await files.read(path);
      const flipped = whole.slice();
      flipped[Math.floor(flipped.length / 2)] ^= 0x55;
      for (const damaged of [flipped, whole.slice(0, -3), new Uint8Array()]) {
        await files.write(path, damaged);
        await expectDamageNoticed(index, folder);
      }
      await files.remove(path);
      await expectCode(index.load(folder), "E_NO_FILE");
      await files.write(path, whole);
    }
    expect([await index.size(), found(await index.search(row(5), 1))]).toEqual([6, [5]]);
    await index.load(folder);
    expect(await index.size()).toBe(40);
  });
}

/** A damaged manifest may be text no more, or name another width or file. */
async function expectDamageNoticed(index: VectorIndex, folder: string): Promise<void> {
  await expect(index.load(folder)).rejects.toMatchObject({ code: expect.stringMatching(/^E_(INDEX_FILE|FILE|NO_FILE|VECTORS)$/) });
}

async function checkOthers(subject: IndexSubject): Promise<void> {
  const { files } = subject;
  const folder = subject.folder();
  await using(open(subject), async (index) => {
    await index.add(idsFrom(0, 8), table.rows(0, 6)); // 8 x 36 numbers
    await index.save(folder);
  });
  await using(filled(subject, 6), (index) => expectCode(index.load(folder), "E_VECTORS"));
  await using(open(subject, { dimension: D }), (index) => expectCode(index.load(folder), "E_VECTORS"));
  const path = joinPath(folder, "index.json");
  const manifest = JSON.parse(await files.readText(path)) as Record<string, unknown>;
  const others = [{ metric: subject.metric === "ip" ? "cosine" : "ip" }, { index: "another" }, { format: "attune-index-9" }];
  for (const other of others) {
    await files.write(path, JSON.stringify({ ...manifest, ...other }));
    await using(open(subject), (index) => expectCode(index.load(folder), "E_INDEX_FILE"));
  }
}
