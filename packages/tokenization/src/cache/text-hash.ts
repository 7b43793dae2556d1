// 128 bits of a text, at hundreds of megabytes a second: MurmurHash3 (x86, 128 bits) over UTF-16 units.
// Good against accidents, not against people who look for two texts with one hash.

/** Writes the hash of `text` to `into`, four 32-bit words; the seed makes another family of hashes. */
export function hashText(text: string, seed: number, into: Uint32Array): void {
  // Small seeds and small lengths meet in the same words, so each is spread first.
  let [a, b, c, d] = [mix(seed + 1), mix(seed + 0x9e3779b1), mix(seed + 0x3c6ef362), mix(seed + 0xdaa66d13)];
  const whole = text.length & ~7;
  for (let i = 0; i < whole; i += 8) {
    a = Math.imul(rotate(a ^ scramble(unitsAt(text, i), 0x239b961b, 0xab0e9789, 15), 19) + b, 5) + 0x561ccd1b;
    b = Math.imul(rotate(b ^ scramble(unitsAt(text, i + 2), 0xab0e9789, 0x38b34ae5, 16), 17) + c, 5) + 0x0bcaa747;
    c = Math.imul(rotate(c ^ scramble(unitsAt(text, i + 4), 0x38b34ae5, 0xa1e38b93, 17), 15) + d, 5) + 0x96cd1c35;
    d = Math.imul(rotate(d ^ scramble(unitsAt(text, i + 6), 0xa1e38b93, 0x239b961b, 18), 13) + a, 5) + 0x32ac3b17;
  }
  // What is left is less than a block: missing units count as 0, and the length below tells them from real ones.
  d ^= scramble(unitsAt(text, whole + 6), 0xa1e38b93, 0x239b961b, 18);
  c ^= scramble(unitsAt(text, whole + 4), 0x38b34ae5, 0xa1e38b93, 17);
  b ^= scramble(unitsAt(text, whole + 2), 0xab0e9789, 0x38b34ae5, 16);
  a ^= scramble(unitsAt(text, whole), 0x239b961b, 0xab0e9789, 15);
  finish(a ^ text.length, b ^ text.length, [c ^ text.length, d ^ text.length], into);
}

function finish(first: number, second: number, [third, fourth]: readonly [number, number], into: Uint32Array): void {
  let [a, b, c, d] = [first, second, third, fourth];
  a = (a + b + c + d) | 0;
  [b, c, d] = [b + a, c + a, d + a];
  [a, b, c, d] = [mix(a), mix(b), mix(c), mix(d)];
  a = (a + b + c + d) | 0;
  into[0] = a;
  into[1] = b + a;
  into[2] = c + a;
  into[3] = d + a;
}

/** Two units as one word; 0 behind the end. */
function unitsAt(text: string, at: number): number {
  return at + 1 < text.length ? text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16) : at < text.length ? text.charCodeAt(at) : 0;
}

function scramble(word: number, before: number, after: number, bits: number): number {
  const product = Math.imul(word, before);
  return Math.imul((product << bits) | (product >>> (32 - bits)), after);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function mix(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
