// Counter-based random numbers: Philox 4x32-10. A number is a pure function of (seed, counter), so recomputation, micro-batches and
// ranks draw the same values without sharing state. The native kernels implement the same function bit for bit.

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** Four 32-bit words, unsigned. */
export type Words4 = [number, number, number, number];

/**
 * Philox 4x32-10: 128 random bits for one counter and one 64-bit key. All words are unsigned 32-bit numbers.
 * @see Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"
 */
export function philox([c0, c1, c2, c3]: Words4, [k0, k1]: readonly [number, number]): Words4 {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** A 64-bit key from a seed: any non-negative integer up to 2^53. */
export function keyOf(seed: number): [number, number] {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** 32-bit FNV-1a of a string: the `site` of a random draw, from a module's path. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), 0x01000193) >>> 0;
    hash = Math.imul(hash ^ (text.charCodeAt(i) >>> 8), 0x01000193) >>> 0;
  }
  return hash >>> 0;
}

/** A stream of numbers for one purpose: same seed and same site, same numbers, whatever else was drawn. */
export interface Random {
  /** Unsigned 32 bits. */
  word(): number;
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number;
  /** Uniform integer in [0, n), without modulo bias. */
  below(n: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** Fisher-Yates, in place. */
  shuffle<T>(list: T[]): T[];
}

/** A stream keyed by `seed` for the purpose `site` ("shuffle/epoch-3"). */
export function createRandom(seed: number, site: string): Random {
  const key = keyOf(seed);
  const place = hash32(site);
  let block: Words4 = [0, 0, 0, 0];
  let drawn = 0;
  const word = (): number => {
    if (drawn % 4 === 0) block = philox([(drawn / 4) >>> 0, Math.floor(drawn / 4 / 2 ** 32), place, 0x5eed], key);
    return block[drawn++ % 4];
  };
  const uniform = (): number => word() / 2 ** 32;
  const below = (n: number): number => {
    const limit = 2 ** 32 - (2 ** 32 % n);
    for (;;) {
      const value = word();
      if (value < limit) return value % n;
    }
  };
  return {
    word,
    uniform,
    below,
    normal: () => Math.sqrt(-2 * Math.log((word() + 1) / (2 ** 32 + 1))) * Math.cos(2 * Math.PI * uniform()),
    shuffle(list) {
      for (let i = list.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [list[i], list[j]] = [list[j], list[i]];
      }
      return list;
    },
  };
}
