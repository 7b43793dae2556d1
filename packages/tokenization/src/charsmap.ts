// SentencePiece's compiled normalisation ("Precompiled"): a double-array trie from bytes to replacement texts.
// Follows the Rust crate spm_precompiled, its oddities included: the shortest match wins, and only graphemes of fewer than six bytes are tried whole.

const UTF8 = new TextEncoder();
const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
/** All but printable ASCII, with the neighbours that can be part of the same grapheme. Finding graphemes is slow and most text needs none. */
const NOT_ASCII = /[ -~]?(?:[^ -~]+[ -~]?)+/g;

/** The normalisation in a base64 `precompiled_charsmap`. */
export function createCharsmap(base64: string): (text: string) => string {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const trieBytes = view.getUint32(0, true);
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const replacements = bytes.subarray(4 + trieBytes);
  const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
  const known = new Map<string, string | undefined>();
  const replacementOf = (part: string): string | undefined => {
    if (!known.has(part)) known.set(part, look(units, replacements, part));
    return known.get(part);
  };
  const normalize = (text: string): string => {
    let done = "";
    for (const { segment } of segmenter.segment(text)) {
      const whole = UTF8.encode(segment).length < 6 ? replacementOf(segment) : undefined;
      if (whole !== undefined) done += whole;
      else for (const char of segment) done += replacementOf(char) ?? char;
    }
    return done;
  };
  const leavesAscii = ASCII.every((char) => replacementOf(char) === undefined);
  return (text) => (leavesAscii ? text.replace(NOT_ASCII, normalize) : normalize(text));
}

/** The replacement of the shortest prefix of `part` that the trie holds. */
function look(units: Uint32Array, replacements: Uint8Array, part: string): string | undefined {
  let at = offsetOf(units[0]);
  for (const byte of UTF8.encode(part)) {
    if (byte === 0) return undefined;
    at ^= byte;
    const unit = units[at];
    if (unit === undefined || (unit & 0x800000ff) !== byte) return undefined;
    at ^= offsetOf(unit);
    if ((unit >>> 8) & 1) {
      const start = units[at] & 0x7fffffff;
      const end = replacements.indexOf(0, start);
      return new TextDecoder().decode(replacements.subarray(start, end < 0 ? undefined : end));
    }
  }
  return undefined;
}

/** Where a unit's children begin. */
function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
