import { AttuneError } from "@attune/core";
import type { Files } from "@attune/core";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { golden, testFiles } from "../../test/folders.ts";
import { loadTokenizer } from "../load-tokenizer.ts";
import { packTexts } from "../pack.ts";
import { createTokenizer } from "../tokenizer.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { hashText } from "./text-hash.ts";
import { openTokenCache } from "./token-cache.ts";
import { TokenTable } from "./token-table.ts";

const texts = ["a b c", "", "what is the capital of the house", "a b c", "x".repeat(300), "été 字 😀"];
let tokenizer: Tokenizer;
beforeAll(async () => void (tokenizer = await loadTokenizer(testFiles(), golden("models/bert")!)));

/** A disk in memory. */
let disk: Map<string, Uint8Array>;
let warnings: string[];
beforeEach(() => {
  disk = new Map();
  warnings = [];
});

const files = {
  status: async (path: string) => {
    const inside = [...disk.keys()].some((name) => name.startsWith(`${path}/`));
    return inside ? { size: 0, kind: "folder", modified: 0 } : undefined;
  },
  list: async (path: string) => [...disk.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1)),
  read: async (path: string) => disk.get(path)!,
  write: async (path: string, bytes: Uint8Array) => void disk.set(path, bytes),
  remove: async (path: string) => void disk.delete(path),
  makeFolder: async () => {},
} as unknown as Files;

const log = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
const open = (of = tokenizer) => openTokenCache(of, { files, folder: "cache", log });

/** A tokenizer that counts what it is asked. */
function counting(): Tokenizer & { calls: number } {
  const counted = {
    ...tokenizer,
    calls: 0,
    encode: (...given: Parameters<Tokenizer["encode"]>) => (counted.calls++, tokenizer.encode(...given)),
  };
  return counted;
}

describe("a cache", () => {
  test("gives what the tokenizer gives, and asks it once in all runs", async () => {
    const counted = counting();
    const expected = texts.map((text) => tokenizer.encode(text, { maxLength: 16 }));
    for (const [run, calls] of [1, 2, 3].entries()) {
      const cache = await open(counted);
      expect(texts.map((text) => cache.tokenizer.encode(text, { maxLength: 16 }))).toEqual(expected);
      expect({ known: cache.known, added: cache.added }).toEqual(run === 0 ? { known: 1, added: 5 } : { known: 6, added: 0 });
      await cache.save();
      expect(counted.calls).toBe(calls && 5);
    }
    expect(disk.size).toBe(1);
  });

  test("tells lengths, pairs and prompts apart", async () => {
    const cache = await open();
    const packed = (of: Tokenizer) => [
      packTexts(of, texts, { maxLength: 8 }),
      packTexts(of, texts, { maxLength: 16 }),
      packTexts(of, texts, { maxLength: 16, prompt: "the " }),
      packTexts(of, [["a b", "c"], ["a", "b c"], ["a b c", ""], "a b c"], { maxLength: 16 }),
      of.encode("a b c"),
      of.encode("a b c d", { pair: "e f", maxLength: 6, strategy: "only_first" }),
      of.encode("a b c", { specialTokens: false }),
    ];
    for (let run = 0; run < 2; run++) expect(packed(cache.tokenizer)).toEqual(packed(tokenizer));
    await cache.save();
    expect(packed((await open()).tokenizer)).toEqual(packed(tokenizer));
  });

  test("is another one for another tokenizer", async () => {
    const cache = await open();
    cache.tokenizer.encode("A");
    await cache.save();
    const { contents } = tokenizer;
    const cased = createTokenizer({ ...contents, settings: { ...contents.settings, do_lower_case: false } });
    const other = await open(cased);
    expect(other.tokenizer.encode("A")).toEqual(cased.encode("A"));
    expect(other.known).toBe(0);
  });

  test.each([
    ["a byte changed", (bytes: Uint8Array) => bytes.with(bytes.length - 3, bytes.at(-3)! ^ 1)],
    ["cut", (bytes: Uint8Array) => bytes.slice(0, -2)],
    ["empty", () => new Uint8Array(0)],
    ["another kind of file", (bytes: Uint8Array) => bytes.with(0, 7)],
    ["more entries than bytes", (bytes: Uint8Array) => bytes.with(12, 200)],
  ])("with a damaged file (%s) tokenises again and says so once", async (_, damage) => {
    const first = await open();
    for (const text of texts) first.tokenizer.encode(text);
    await first.save();
    const [[path, bytes]] = [...disk];
    disk.set(path, damage(bytes));
    const second = await open();
    expect(texts.map((text) => second.tokenizer.encode(text))).toEqual(texts.map((text) => tokenizer.encode(text)));
    expect(warnings).toEqual([expect.stringMatching(/^1 of 1 files of the token cache are damaged; their texts are tokenised again/)]);
    expect(second.added).toBe(5);
    await second.save();
    expect((await open()).added).toBe(0);
    expect(warnings).toHaveLength(1);
  });

  test("keeps few files", async () => {
    for (let i = 0; i < 34; i++) {
      const cache = await open();
      cache.tokenizer.encode(`text ${i}`);
      await cache.save();
    }
    expect(disk.size).toBe(2);
    const cache = await open();
    for (let i = 0; i < 34; i++) cache.tokenizer.encode(`text ${i}`);
    expect(cache.known).toBe(34);
  });

  test("a file that another run merged away meanwhile is no error", async () => {
    const cache = await open();
    for (const text of texts) cache.tokenizer.encode(text);
    await cache.save();
    const [here] = [...disk.keys()];
    const list = async (path: string): Promise<string[]> => [...(await files.list(path)), "gone.tokens"];
    const read = async (path: string): Promise<Uint8Array> => {
      if (disk.has(path)) return disk.get(path)!;
      throw new AttuneError({ code: "E_NO_FILE", place: path, problem: "does not exist" });
    };
    const again = await openTokenCache(tokenizer, { files: { ...files, list, read } as Files, folder: "cache", log });
    again.tokenizer.encode(texts[0]);
    expect({ known: again.known, warnings, files: [...disk.keys()] }).toEqual({ known: 1, warnings: [], files: [here] });
    const broken = { ...files, read: () => Promise.reject(new AttuneError({ code: "E_FILE", place: here, problem: "cannot be read" })) };
    await expect(openTokenCache(tokenizer, { files: broken as Files, folder: "cache", log })).rejects.toThrow("E_FILE");
  });

  test("of a tokenizer that cuts on the left keeps what that gives, and only that", async () => {
    const { contents } = tokenizer;
    const left = createTokenizer({ ...contents, settings: { ...contents.settings, truncation_side: "left" } });
    const cache = await open(left);
    const long = "what is the capital of the house";
    for (let run = 0; run < 2; run++) {
      for (const direction of [undefined, "left", "right"] as const) {
        const options = { maxLength: 5, ...(direction && { direction }) };
        expect(cache.tokenizer.encode(long, options)).toEqual(left.encode(long, options));
      }
    }
    expect({ known: cache.known, added: cache.added }).toEqual({ known: 3, added: 1 });
    expect(cache.tokenizer.encode(long, { maxLength: 5 })).not.toEqual(tokenizer.encode(long, { maxLength: 5 }));
  });

  test("on a full disk works on, with a warning", async () => {
    const write = async (): Promise<void> => {
      throw new AttuneError({ code: "E_FILE", place: "cache/x", problem: "cannot be written: no space left on the disk" });
    };
    const cache = await openTokenCache(tokenizer, { files: { ...files, write } as Files, folder: "cache", log });
    cache.tokenizer.encode("a");
    await cache.save();
    expect(warnings).toEqual(["the token cache keeps nothing new: cache/x cannot be written: no space left on the disk"]);
  });

  test("refuses what the tokenizer refuses, each time", async () => {
    const cache = await open();
    for (let run = 0; run < 2; run++)
      expect(() => cache.tokenizer.encode(7 as unknown as string)).toThrow(expect.objectContaining({ code: "E_TEXT" }));
  });
});

test("hashes differ for texts that differ little", () => {
  const seen = new Set<string>();
  const into = new Uint32Array(4);
  const near = ["", "\0", "\0\0", ...Array.from({ length: 40 }, (_, n) => "a".repeat(n + 1)), ..."abcdefgh".repeat(3)];
  const long = Array.from({ length: 5000 }, (_, i) => `the text number ${i} of many that begin the same`);
  const all = new Set([...near, ...long]);
  for (const text of all) for (const seed of [1, 2]) seen.add((hashText(text, seed, into), into.join()));
  expect(seen.size).toBe(2 * all.size);
});

test("a table takes ids of any size and types", () => {
  for (const highest of [100, 70_000]) {
    const table = new TokenTable(highest);
    const entries = Array.from({ length: 3000 }, (_, i) => ({
      ids: Array.from({ length: i % 7 }, (_, j) => (i * j) % highest),
      typeIds: Array.from({ length: i % 7 }, (_, j) => (i % 3 === 0 ? j % 2 : 0)),
    }));
    entries.forEach(({ ids, typeIds }, i) => expect(table.add(Uint32Array.of(i, i * 3000, 5, 6), ids, typeIds)).toBe(true));
    const copy = new TokenTable(highest);
    copy.addAll(table.entries());
    for (const one of [table, copy]) expect(entries.map((_, i) => one.read(one.find(Uint32Array.of(i, i * 3000, 5, 6))))).toEqual(entries);
    expect(table.find(Uint32Array.of(1, 3000, 5, 7))).toBe(-1);
  }
});
