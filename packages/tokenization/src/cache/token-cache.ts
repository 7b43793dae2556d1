// A tokenizer that remembers across runs: the ids of texts that it has met are read from a folder, those of new ones are added to it.
// The whole cache of one tokenizer is in memory while it is used. What is in it is only a shortcut: damage costs time, never ids.

import { AttuneError, joinPath } from "@attune/core";
import type { Files, Log } from "@attune/core";
import type { EncodeOptions, Encoding, Tokenizer } from "../tokenizer.ts";
import type { TruncationDirection } from "../truncation.ts";
import { hashText } from "./text-hash.ts";
import { readShard, writeShard } from "./token-shard.ts";
import { TokenTable } from "./token-table.ts";

export interface TokenCacheOptions {
  readonly files: Files;
  /** Shared by all tokenizers: each has a folder of its own in it. */
  readonly folder: string;
  readonly log: Log;
}

export interface TokenCache {
  /** The same tokenizer, with a memory. */
  readonly tokenizer: Tokenizer;
  /** Texts that were in the cache, and texts that were not. */
  readonly known: number;
  readonly added: number;
  /** Writes what is new; a failure is a warning. */
  save(): Promise<void>;
}

/** To be raised when a tokenizer's ids change without its files. */
const SEMANTICS = 2;
const ENDING = ".tokens";
/** New texts after which they are written at once, so that a run that is killed does not lose all. */
const FLUSH = 50_000;
/** Files of one tokenizer above which they are made one. */
const MOST_SHARDS = 32;

/** Opens a tokenizer's cache, which is made if it is not there. Damaged files are removed with a warning. E_FILE for a folder that cannot be read. */
export async function openTokenCache(tokenizer: Tokenizer, { files, folder, log }: TokenCacheOptions): Promise<TokenCache> {
  const own = joinPath(folder, (await hashOf(tokenizer)).slice(0, 32));
  const table = new TokenTable(highestId(tokenizer));
  const shards = await readShards(files, own, table, log);
  return new OpenCache(tokenizer, { table, shards, files, folder: own, log });
}

/** What an open cache works with; `folder` is that of its tokenizer. */
interface CacheParts extends TokenCacheOptions {
  readonly table: TokenTable;
  /** The files that the table was read from. */
  readonly shards: string[];
}

class OpenCache implements TokenCache {
  readonly tokenizer: Tokenizer;
  known = 0;
  readonly #plain: Tokenizer;
  readonly #parts: CacheParts;
  #shards: string[];
  readonly #before: number;
  /** Entries that are in files. */
  #saved: number;
  #saving = Promise.resolve();
  #flushing = false;
  readonly #key = new Uint32Array(4);

  constructor(plain: Tokenizer, parts: CacheParts) {
    this.#plain = plain;
    this.#parts = parts;
    this.#shards = parts.shards;
    this.#before = this.#saved = parts.table.size;
    this.tokenizer = { ...plain, encode: (text, options) => this.#encode(text, options) };
  }

  get added(): number {
    return this.#parts.table.size - this.#before;
  }

  save(): Promise<void> {
    return (this.#saving = this.#saving.then(() => this.#write()));
  }

  #encode(text: string, options: EncodeOptions = {}): Encoding {
    if (!isKept(text, options, this.#plain.truncationSide)) return this.#plain.encode(text, options);
    const { table } = this.#parts;
    keyOf(text, options, this.#key);
    const at = table.find(this.#key);
    if (at >= 0) {
      this.known++;
      return table.read(at);
    }
    const encoding = this.#plain.encode(text, options);
    table.add(this.#key, encoding.ids, encoding.typeIds);
    if (!this.#flushing && table.size - this.#saved >= FLUSH) {
      this.#flushing = true;
      void this.save().finally(() => (this.#flushing = false));
    }
    return encoding;
  }

  /** Writes what no file has yet; many files become one. */
  async #write(): Promise<void> {
    const { table, files, folder, log } = this.#parts;
    if (table.size === this.#saved) return;
    const old = this.#shards.length >= MOST_SHARDS ? this.#shards : [];
    const [entries, upTo] = [table.entries(old.length > 0 ? 0 : this.#saved), table.size];
    const path = joinPath(folder, `${crypto.randomUUID()}${ENDING}`);
    try {
      await files.makeFolder(folder);
      await writeShard(files, path, entries);
      for (const shard of old) await files.remove(shard);
      this.#shards = [...this.#shards.filter((shard) => !old.includes(shard)), path];
    } catch (error) {
      if (!(error instanceof AttuneError)) throw error;
      log.warn(`the token cache keeps nothing new: ${error.sentence}`);
    }
    this.#saved = upTo;
  }
}

/** Everything else is rare, or wrong and an error each time. */
function isKept(
  text: string,
  { pair, specialTokens = true, strategy = "longest_first", direction, maxLength }: EncodeOptions,
  side: TruncationDirection,
): boolean {
  const plain = specialTokens && strategy === "longest_first" && (direction ?? side) === side;
  return (
    plain && typeof text === "string" && (pair === undefined || typeof pair === "string") && (maxLength === undefined || maxLength >= 0)
  );
}

/** The key of a text, or of a pair: where the first text ends is part of it, as is the length to which they are cut. */
function keyOf(text: string, { pair, maxLength }: EncodeOptions, key: Uint32Array): void {
  const seed = Math.imul(maxLength ?? -1, 0x9e3779b1);
  if (pair === undefined) hashText(text, seed, key);
  else hashText(text + pair, Math.imul(seed ^ text.length, 0x85ebca6b) + 1, key);
}

async function readShards(files: Files, folder: string, table: TokenTable, log: Log): Promise<string[]> {
  if (!(await files.status(folder))) return [];
  const paths = (await files.list(folder)).filter((name) => name.endsWith(ENDING)).map((name) => joinPath(folder, name));
  const [whole, damaged]: [string[], string[]] = [[], []];
  for (const path of paths) {
    const entries = await readShard(files, path).catch(absent);
    if (entries === "absent") continue;
    if (entries) table.addAll(entries);
    (entries ? whole : damaged).push(path);
  }
  if (damaged.length === 0) return whole;
  log.warn(`${damaged.length} of ${paths.length} files of the token cache are damaged; their texts are tokenised again (${damaged[0]})`);
  for (const path of damaged) await files.remove(path);
  return whole;
}

/** A file that was listed a moment ago and is gone: another run made one file of many meanwhile. Its texts are only unknown here. */
function absent(error: unknown): "absent" {
  if (error instanceof AttuneError && error.code === "E_NO_FILE") return "absent";
  throw error;
}

/** SHA-256 of all that a tokenizer is made of, in hexadecimal digits. */
async function hashOf({ contents: { definition, settings } }: Tokenizer): Promise<string> {
  const text = JSON.stringify([SEMANTICS, definition, settings]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function highestId({ contents: { definition }, vocabularySize }: Tokenizer): number {
  const { vocab } = definition.model;
  const ids = Array.isArray(vocab) ? [vocab.length] : Object.values(vocab as Record<string, number>);
  const added = definition.added_tokens.map(({ id }) => id);
  return [...ids, ...added].reduce((highest, id) => Math.max(highest, id), vocabularySize);
}
