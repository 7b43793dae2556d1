// Names for texts: 128 bits to find a vector in the cache, 53 bits to tell whether two texts say the same. Not for secrets.

import { normalisedText } from "@attune/data";

/** 128 bits of a text as 8 UTF-16 units: MurmurHash3 x86_128's rounds over its units, the last block filled with zeros. */
export function hashText(text: string): string {
  return String.fromCharCode(...new Uint16Array(mix(text).buffer));
}

/** The units of a hash; not its characters, of which two units may be one. */
export function hashUnits(hash: string): number[] {
  return Array.from({ length: 8 }, (_, i) => hash.charCodeAt(i));
}

/** 53 bits of the normalised text, as a number. Of a million texts, two different ones share a key with a chance below 1 in 10,000. */
export function textKey(text: string): number {
  const [high, low] = mix(normalisedText(text));
  return (high >>> 11) * 2 ** 32 + low;
}

const [C1, C2, C3, C4] = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93];

/** @see Appleby, MurmurHash3, `MurmurHash3_x86_128` */
function mix(text: string): Uint32Array {
  const state = new Int32Array(4);
  const whole = text.length - (text.length % BLOCK);
  mixBlocks(state, text, whole);
  if (whole < text.length) mixBlocks(state, text.slice(whole).padEnd(BLOCK, "\0"), BLOCK);
  return finish(state.map((h) => h ^ text.length));
}

/** Units of a block. */
const BLOCK = 8;

function mixBlocks(state: Int32Array, text: string, end: number): void {
  let [h1, h2, h3, h4] = state;
  const word = (at: number): number => text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
  for (let at = 0; at < end; at += BLOCK) {
    h1 ^= Math.imul(rotate(Math.imul(word(at), C1), 15), C2);
    h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotate(Math.imul(word(at + 2), C2), 16), C3);
    h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotate(Math.imul(word(at + 4), C3), 17), C4);
    h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotate(Math.imul(word(at + 6), C4), 18), C1);
    h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  state.set([h1, h2, h3, h4]);
}

/** Every bit of the result depends on every bit of all four. */
function finish([h1, h2, h3, h4]: Int32Array): Uint32Array {
  h1 = (h1 + h2 + h3 + h4) | 0;
  const [a, b, c, d] = [h1, h2 + h1, h3 + h1, h4 + h1].map(avalanche);
  const sum = (a + b + c + d) | 0;
  return Uint32Array.of(sum, b + sum, c + sum, d + sum);
}

function avalanche(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
