import { expect, test } from "vitest";
import { readCsvRecords } from "./csv-records.ts";
import { memoryFiles } from "./memory-files.ts";

/** `line: cells` of each record, and `line: got` of each error. */
async function read(content: string | Uint8Array): Promise<{ records: string[]; bad: string[] }> {
  const bad: string[] = [];
  const records: string[] = [];
  const files = memoryFiles({ "a.csv": content });
  for await (const { number, cells } of readCsvRecords(files, "a.csv", ({ place, expected, got }) =>
    bad.push(`${place}${expected === "a closing quote" ? "" : ` ${expected}`}: ${got}`),
  )) {
    records.push(`${number}: ${cells.join("|")}`);
  }
  return { records, bad };
}

// What Python's csv.reader gives for the same text.
test.each([
  ["plain cells", "a,b\n,\nc,", ["1: a|b", "2: |", "3: c|"]],
  ["commas, quotes and line ends in quotes", '"a, ""x""\r\n\ny",b\r\nc,d', ['1: a, "x"\n\ny|b', "4: c|d"]],
  ["quotes inside of a cell", 'the 5" disk,6"\nsay "yes",""', ['1: the 5" disk|6"', '2: say "yes"|']],
  ["a space before a quote", 'a, "b, c"', ['1: a| "b| c"']],
  ["text behind a closing quote", '"so called" expert,"a"b"c', ['1: so called expert|ab"c']],
  ["space behind a closing quote of several lines", '"a\nb" ,c', ["1: a\nb |c"]],
  ["a cell of quotes", '"""",""""""', ['1: "|""']],
])("%s", async (_, content, records) => {
  expect(await read(content)).toEqual({ records, bad: [] });
});

test.each([
  ["up to the end of the file", 'a,b\nc,"d\ne,f\ng,h', ["1: a|b", "3: e|f", "4: g|h"], ["a.csv:2: the end of the file"]],
  [
    "before another cell in quotes",
    'a,b\nc,"d\ne,f\n"g","h, i"\nj,k',
    ["1: a|b", "3: e|f", "4: g|h, i", "5: j|k"],
    ["a.csv:2: one before other text in line 4"],
  ],
  [
    "where the outer quotes are gone",
    'a,b\nc","d\ne","f\ng,h',
    ["1: a|b", "4: g|h"],
    ["a.csv:2: the end of the file", "a.csv:3: the end of the file"],
  ],
  [
    "with far too many cells",
    `a,b\n${'c","d\n'.repeat(5)}e,f`,
    ["1: a|b", "7: e|f"],
    ["2: twice as many cells as columns, up to line 5", "3: twice as many cells as columns, up to line 6"]
      .concat("4: the end of the file", "5: the end of the file", "6: the end of the file")
      .map((one) => `a.csv:${one}`),
  ],
])("a quote that is not closed, %s, costs one line", async (_, content, records, bad) => {
  expect(await read(content)).toEqual({ records, bad });
});

test("a short record changes nothing for the cells of several lines behind it", async () => {
  const content = 'a,b,c,d\nshort\ne,f,"g\nh","i\nj"\n';
  expect(await read(content)).toEqual({ records: ["1: a|b|c|d", "2: short", "3: e|f|g\nh|i\nj"], bad: [] });
});

test("a record goes on for a million characters at most, a line as long as it likes", async () => {
  const text = `${"x".repeat(99)}\n`;
  const long = `"${text.repeat(9_999)}"`;
  expect((await read(`a\n${long}\n`)).records).toHaveLength(2);
  const { records, bad } = await read(`a\n"${text.repeat(10_001)}`);
  expect({ records: records.length, bad }).toEqual({ records: 10_001, bad: ["a.csv:2: 1,000,000 characters without one"] });
  expect((await read(`a\n"${"x".repeat(1_100_000)}"\n`)).bad).toEqual([]);
});

test("quotes that nobody closed are read past in time that grows with the file, not with its square", async () => {
  const { records, bad } = await read(`a,b\n${'c,"d\n'.repeat(20_000)}${'e","f\n'.repeat(20_000)}`);
  expect([records.length, bad.length]).toEqual([1, 40_000]);
}, 20_000);

test("a line that is not UTF-8 ends the record before it, and is bad itself", async () => {
  const bytes = new TextEncoder().encode('a,b\nc,"d\n?,e\nf,g\n');
  bytes[bytes.indexOf(63)] = 0xff;
  expect(await read(bytes)).toEqual({
    records: ["1: a|b", "4: f|g"],
    bad: ["a.csv:2: line 3, which is not UTF-8", "a.csv:3 UTF-8 text: other bytes"],
  });
});
