// Pickles and zip files by hand, right and wrong ones.

type Part = number | string | Uint8Array | readonly Part[];

/** Bytes: numbers are one byte, strings UTF-8. */
export function bytesOf(...parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const encoded = parts.map((part): Uint8Array => {
    if (typeof part === "number") return Uint8Array.of(part);
    if (typeof part === "string") return new TextEncoder().encode(part);
    return part instanceof Uint8Array ? part : bytesOf(...part);
  });
  const bytes = new Uint8Array(encoded.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of encoded) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A little-endian number. */
export function little(value: number, bytes: number): Uint8Array {
  const data = new DataView(new ArrayBuffer(8));
  data.setBigUint64(0, BigInt(value), true);
  return new Uint8Array(data.buffer).slice(0, bytes);
}

const zeros = (count: number): Uint8Array => new Uint8Array(count);

/** Opcodes of protocol 2, each with its argument. */
export const pickle = {
  text: (text: string): Part => ["X", little(new TextEncoder().encode(text).length, 4), text],
  number: (value: number): Part => ["J", little(value, 4)],
  global: (module: string, name: string): Part => `c${module}\n${name}\n`,
  tuple: (...items: Part[]): Part => ["(", ...items, "t"],
  /** A whole pickle. */
  of: (...parts: Part[]): Uint8Array<ArrayBuffer> => bytesOf(0x80, 2, ...parts, "."),
};

/** `("storage", torch.FloatStorage, key, "cpu", elements)` and BINPERSID. */
export function storage(key: string, elements: number, type = "FloatStorage"): Part {
  return [
    pickle.tuple(pickle.text("storage"), pickle.global("torch", type), pickle.text(key), pickle.text("cpu"), pickle.number(elements)),
    "Q",
  ];
}

/** A tensor over a storage. */
export function tensor(of: Part, shape: readonly number[], strides: readonly number[], offset = 0): Part {
  const sizes = (numbers: readonly number[]): Part => pickle.tuple(...numbers.map(pickle.number));
  const args = pickle.tuple(of, pickle.number(offset), sizes(shape), sizes(strides), 0x89, [
    pickle.global("collections", "OrderedDict"),
    ")R",
  ]);
  return [pickle.global("torch._utils", "_rebuild_tensor_v2"), args, "R"];
}

/** `{name: tensor, …}` */
export function stateDict(tensors: Readonly<Record<string, Part>>): Uint8Array<ArrayBuffer> {
  return pickle.of("}(", ...Object.entries(tensors).map(([name, value]): Part => [pickle.text(name), value]), "u");
}

export interface ZipOptions {
  readonly method?: number;
  /** Sizes and offsets in zip64 fields. */
  readonly wide?: boolean;
  readonly comment?: string;
}

/** A zip of stored entries. */
export function zipOf(
  entries: Readonly<Record<string, Uint8Array>>,
  { method = 0, wide = false, comment = "" }: ZipOptions = {},
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(entries)) {
    const size = content.length;
    const local = bytesOf("PK\x03\x04", zeros(22), little(bytesOf(name).length, 2), zeros(2), name, content);
    const extra = wide ? bytesOf(little(1, 2), little(24, 2), little(size, 8), little(size, 8), little(offset, 8)) : bytesOf();
    const field = (value: number): Uint8Array => little(wide ? 0xffffffff : value, 4);
    const lengths = [little(bytesOf(name).length, 2), little(extra.length, 2), zeros(10)];
    directory.push(
      bytesOf("PK\x01\x02", zeros(6), little(method, 2), zeros(8), field(size), field(size), ...lengths, field(offset), name, extra),
    );
    parts.push(local);
    offset += local.length;
  }
  const central = bytesOf(...directory);
  const wideEnd = bytesOf("PK\x06\x06", little(44, 8), zeros(28), little(central.length, 8), little(offset, 8));
  const locator = bytesOf("PK\x06\x07", zeros(4), little(offset + central.length, 8), little(1, 4));
  const field = (value: number): Uint8Array => little(wide ? 0xffffffff : value, 4);
  const end = bytesOf("PK\x05\x06", zeros(8), field(central.length), field(offset), little(comment.length, 2), comment);
  return bytesOf(...parts, central, ...(wide ? [wideEnd, locator] : []), end);
}

/** A file of torch.save with this pickle and these storages. */
export function checkpoint(
  data: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
  { others = {}, ...options }: ZipOptions & { others?: Readonly<Record<string, Uint8Array>> } = {},
): Uint8Array<ArrayBuffer> {
  const inside = Object.fromEntries(Object.entries(storages).map(([key, bytes]) => [`m/data/${key}`, bytes]));
  return zipOf({ "m/data.pkl": data, ...others, ...inside }, options);
}
