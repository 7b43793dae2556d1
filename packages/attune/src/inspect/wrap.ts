// Text in lines of a terminal's usual width.

const WIDTH = 80;

/** Breaks a text between words; a word that is longer than a line stays whole, and a no-break space becomes a space that does not break. */
export function wrapped(text: string, indent: string, hanging = indent): string[] {
  const lines: string[] = [];
  let line = indent;
  let empty = true;
  for (const word of text.split(" ")) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = hanging;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].map((one) => one.replaceAll("\u00A0", " "));
}
