import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { failure } from "../test/failure.ts";
import { disk, root } from "../test/golden-disk.ts";
import { loadFolder, memoryFiles } from "../test/memory-files.ts";
import { bytesOf, checkpoint, little, pickle, stateDict, storage, tensor, zipOf } from "../test/pickle-writer.ts";
import { openPickledWeights } from "./pickled-weights.ts";
import { readSentenceTransformers } from "./read-sentence-transformers.ts";
import { openSafetensors } from "./safetensors-file.ts";
import { tensorsOf, writeSafetensors } from "./write-safetensors.ts";

const golden = `${root}fixtures/golden/bin/`;
const bytesAt = (path: string): Uint8Array => new Uint8Array(readFileSync(golden + path));
const open = (file: Uint8Array) => openPickledWeights(memoryFiles({ "m.bin": file }), "m.bin");
const refusal = (file: Uint8Array) => failure(open(file));
const ones = (count: number): Uint8Array => new Uint8Array(new Float32Array(count).fill(1).buffer);

describe("files of torch.save", () => {
  const pairs = readdirSync(golden).filter((name) => name.endsWith(".safetensors"));

  test.each(pairs.map((name) => name.replace(".safetensors", "")))("%s: every tensor as in the safetensors beside it", async (name) => {
    const files = memoryFiles({ b: bytesAt(`${name}.bin`), s: bytesAt(`${name}.safetensors`) });
    const [pickled, plain] = [await openPickledWeights(files, "b"), await openSafetensors(files, "s")];
    expect(pickled.names.toSorted()).toEqual(plain.names.toSorted());
    for (const tensorName of plain.names) {
      expect(await pickled.read(tensorName), tensorName).toEqual(await plain.read(tensorName));
      const { dtype, shape, bytes } = plain.info(tensorName);
      expect(pickled.info(tensorName)).toMatchObject({ dtype, shape, bytes });
      if (/^B?F/.test(dtype)) expect(await pickled.readF32(tensorName), tensorName).toEqual(await plain.readF32(tensorName));
      else expect(await failure(pickled.readF32(tensorName))).toMatchObject({ code: "E_SAFETENSORS_DTYPE", got: dtype });
    }
  });

  test("names keep their order; only what is not row-major has strides", async () => {
    const file = await open(bytesAt("strided.bin"));
    expect(file.names.slice(0, 4)).toEqual(["table", "tied", "transposed", "row"]);
    expect(file.info("tied").offset).toBe(file.info("table").offset);
    expect(file.info("row").offset).toBe(file.info("table").offset + 36 * 4);
    expect(file.names.filter((name) => file.info(name).strides)).toEqual([
      ...["transposed", "block", "block.transposed", "every.third", "one.column", "permuted", "permuted.bfloat16", "parameter"],
    ]);
    expect(await failure(file.readF32("tabel").catch((error: unknown) => Promise.reject(error)))).toMatchObject({
      code: "E_SAFETENSORS_NAME",
      hint: 'did you mean "table"?',
    });
  });

  test("a BERT, whole and in shards, is the one that transformers saves as safetensors", async () => {
    const files = memoryFiles({ s: new Uint8Array(readFileSync(`${root}fixtures/golden/models/bert/model.safetensors`)) });
    loadFolder(files, `${golden}bert`, "whole");
    loadFolder(files, `${golden}sharded`, "shards");
    const plain = await openSafetensors(files, "s");
    for (const path of ["whole/pytorch_model.bin", "shards/pytorch_model.bin.index.json"]) {
      const file = await openPickledWeights(files, path);
      expect(file.names.toSorted()).toEqual(plain.names.toSorted());
      for (const name of plain.names) expect(await file.readF32(name)).toEqual(await plain.readF32(name));
    }
    expect((await openPickledWeights(files, "shards/pytorch_model.bin.index.json")).paths).toHaveLength(3);
  });

  test("a model folder with only pytorch_model.bin, in its Dense module too; safetensors go first", async () => {
    const files = disk("bert-dense-legacy", { "model.safetensors": null });
    const weights = await openSafetensors(disk("bert-dense-legacy"), "m/2_Dense/model.safetensors");
    files.contents.set("m/pytorch_model.bin", bytesAt("bert/pytorch_model.bin"));
    files.contents.delete("m/2_Dense/model.safetensors");
    const raw = async (name: string) => new Uint8Array(((await weights.readF32(name)).buffer as ArrayBuffer).slice(0));
    const { shape } = weights.info("linear.weight");
    const tensors = {
      "linear.weight": tensor(storage("0", shape[0] * shape[1]), shape, [shape[1], 1]),
      "linear.bias": tensor(storage("1", shape[0]), [shape[0]], [1]),
    };
    const dense = checkpoint(stateDict(tensors), { 0: await raw("linear.weight"), 1: await raw("linear.bias") });
    files.contents.set("m/2_Dense/pytorch_model.bin", dense);
    const model = await readSentenceTransformers(files, "m");
    expect(model.weights.paths).toEqual(["m/pytorch_model.bin"]);
    const module = model.modules.find(({ type }) => type === "dense") as { weights: typeof weights };
    expect(await module.weights.readF32("linear.weight")).toEqual(await weights.readF32("linear.weight"));
    files.contents.set("m/model.safetensors", disk("bert-dense-legacy").contents.get("m/model.safetensors")!);
    expect((await readSentenceTransformers(files, "m")).weights.paths).toEqual(["m/model.safetensors"]);
  });

  test("written again as safetensors", async () => {
    const files = memoryFiles({ b: bytesAt("strided.bin"), s: bytesAt("strided.safetensors") });
    await writeSafetensors(files, "out", tensorsOf(await openPickledWeights(files, "b")), { metadata: {} });
    const [written, expected] = [await openSafetensors(files, "out"), await openSafetensors(files, "s")];
    for (const name of expected.names) expect(await written.read(name)).toEqual(await expected.read(name));
  });
});

describe("values", () => {
  test("a transposed matrix larger than a piece", async () => {
    const [rows, columns] = [700, 600];
    const values = Float32Array.from({ length: rows * columns }, (_, i) => i);
    const data = stateDict({ w: tensor(storage("0", values.length), [columns, rows], [1, columns]) });
    const read = await (await open(checkpoint(data, { 0: new Uint8Array(values.buffer) }))).readF32("w");
    expect(read.every((value, i) => value === (i % rows) * columns + Math.floor(i / rows))).toBe(true);
  });

  test("zip64, a comment at the end", async () => {
    const data = stateDict({ w: tensor(storage("0", 2), [2], [1]) });
    for (const options of [{ wide: true }, { comment: "made by hand" }, { wide: true, comment: "PK\x05\x06" }]) {
      expect(await (await open(checkpoint(data, { 0: ones(2) }, options))).readF32("w")).toEqual(new Float32Array([1, 1]));
    }
  });

  test("the last of equal names counts, as in Python; names that objects have are names", async () => {
    const one = tensor(storage("0", 1), [1], [1]);
    const data = pickle.of(
      "}(",
      pickle.text("w"),
      one,
      pickle.text("w"),
      tensor(storage("1", 2), [2], [1]),
      pickle.text("__proto__"),
      one,
      "u",
    );
    const file = await open(checkpoint(data, { 0: ones(1), 1: ones(2) }));
    expect(file.names).toEqual(["w", "__proto__"]);
    expect(file.info("w").shape).toEqual([2]);
  });
});

describe("refused by name, before anything is read", () => {
  const of = (...parts: Parameters<typeof pickle.of>) => checkpoint(pickle.of(...parts));
  const tensors = (part: Parameters<typeof pickle.of>[0], elements = 0) =>
    checkpoint(pickle.of("}(", pickle.text("w"), part, "u"), elements > 0 ? { 0: ones(elements) } : {});
  test.each([
    ["a function of the system", () => bytesAt("harmful.bin"), "GLOBAL", /^m\.bin needs "posix\.system", which attune refuses/],
    ["in protocol 4", () => of(0x8c, 2, "os", 0x8c, 6, "system", 0x93), "GLOBAL", /needs "os\.system"/],
    ["float8", () => bytesAt("float8.bin"), "GLOBAL", /needs "torch\._utils\._rebuild_tensor_v3"/],
    ["sparse tensors", () => bytesAt("sparse.bin"), "GLOBAL", /needs "torch\._utils\._rebuild_sparse_tensor"/],
    ["a name that objects have", () => of(pickle.global("constructor", "constructor")), "GLOBAL", /constructor\.constructor/],
    ["a class", () => of(pickle.global("collections", "OrderedDict"), ")", 0x81), "OPCODE", /^m\.bin at byte 28 needs the opcode NEWOBJ/],
    ["old text opcodes", () => of("I1\n"), "OPCODE", /opcode INT/],
    ["the registry of extensions", () => of(0x82, 1), "OPCODE", /opcode EXT1/],
    ["a byte that is no opcode", () => of(0xff), "OPCODE", /^m\.bin at byte 2 holds the byte 255/],
    ["a call of a storage type", () => of(pickle.global("torch", "FloatStorage"), ")R"), "VALUE", /calls torch\.FloatStorage with a tuple/],
    ["a call of a dict", () => of("})R"), "VALUE", /calls a dict/],
    ["arguments for OrderedDict", () => of(pickle.global("collections", "OrderedDict"), "]", 0x85, "R"), "VALUE", /makes a dict of a list/],
    ["attributes of a tensor", () => tensors([tensor(storage("0", 1), [1], [1]), "}b"]), "VALUE", /sets attributes of a tensor/],
    ["an empty stack", () => of("a"), "VALUE", /takes a value that is not there/],
    ["a value below a mark", () => of("}(s"), "VALUE", /takes a value that is not there/],
    ["no mark", () => of("}u"), "VALUE", /takes a mark that is not there/],
    ["an unknown memo", () => of("h\x07"), "VALUE", /value 7 of its memo/],
    ["values left over", () => of("NN"), "VALUE", /does not end with one value/],
    ["half an item", () => of("}(Nu"), "VALUE", /sets items/],
    ["a text that is not UTF-8", () => of("X", little(1, 4), new Uint8Array([0xff])), "VALUE", /not UTF-8/],
    ["too many values", () => checkpoint(bytesOf(0x80, 2, new Uint8Array(1_100_000).fill(0x4e), ".")), "VALUE", /more than 1048576 values/],
    [
      "cut off in the pickle",
      () => checkpoint(pickle.of("X", little(9, 4), "w").slice(0, -1)),
      "TRUNCATED",
      /ends in the middle of its pickle/,
    ],
    ["a training state", () => bytesAt("training-state.bin"), "VALUE", /has 3 under "epoch", where a state dict has a tensor/],
    ["a list", () => bytesAt("list.bin"), "VALUE", /holds a list, not a dict of tensors/],
    ["no tensors", () => of("}"), "VALUE", /holds no tensors/],
    ["a dict that holds itself", () => of("}q\x00(X\x01\x00\x00\x00ah\x00u"), "VALUE", /has a dict under "a"/],
    [
      "a tensor made of other things",
      () => tensors([pickle.global("torch._utils", "_rebuild_tensor_v2"), "(NNt", "R"]),
      "TENSOR",
      /by None, None, nothing/,
    ],
    ["a negative stride", () => tensors(tensor(storage("0", 4), [2], [2 ** 32 - 1], 1)), "TENSOR", /describes a tensor/],
    [
      "a parameter of nothing",
      () => tensors([pickle.global("torch._utils", "_rebuild_parameter"), ")R"]),
      "TENSOR",
      /makes a parameter of nothing/,
    ],
    [
      "a tensor beyond its storage",
      () => tensors(tensor(storage("0", 3), [2, 2], [2, 1]), 3),
      "TENSOR",
      /"w" ends at element 4 of a storage that has 3/,
    ],
    ["an expanded tensor", () => bytesAt("expanded.bin"), "TENSOR", /"weight" is an expanded view/],
    ["overlapping windows", () => tensors(tensor(storage("0", 4), [3, 2], [1, 1]), 4), "TENSOR", /is an expanded view/],
    ["a storage of an unknown kind", () => of("N", "Q"), "STORAGE", /names a storage by None/],
    ["a quantised storage", () => tensors(storage("0", 1, "QInt8Storage")), "GLOBAL", /needs "torch\.QInt8Storage"/],
    ["one storage in two ways", () => of("}(", storage("0", 1), storage("0", 2), "u"), "STORAGE", /describes the storage "0" in two ways/],
    [
      "a storage that is not there",
      () => tensors(tensor(storage("0", 1), [1], [1])),
      "STORAGE",
      /needs 4 bytes of "m\/data\/0" and has none/,
    ],
    [
      "a storage that is too short",
      () => checkpoint(stateDict({ w: tensor(storage("0", 2), [2], [1]) }), { 0: ones(1) }),
      "STORAGE",
      /needs 8 bytes of .* has 4/,
    ],
  ] as const)("%s", async (_, file, code, sentence) => {
    const error = await refusal(file());
    expect(error.code).toBe(`E_PICKLE_${code}`);
    expect(error.sentence).toMatch(sentence);
    expect(error.hint).toBeTruthy();
  });
});

describe("containers that are not what torch.save writes", () => {
  const data = stateDict({ w: tensor(storage("0", 1), [1], [1]) });
  const good = checkpoint(data, { 0: ones(1) });
  const changed = (at: number, ...bytes: number[]): Uint8Array => {
    const file = good.slice();
    file.set(bytes, at);
    return file;
  };
  const central = good.length - 22 - (46 + 10) - (46 + 8);
  const old = bytesAt("legacy.bin");
  test.each([
    ["empty", new Uint8Array(), "CONTAINER", /is no file of torch\.save/],
    ["text", bytesOf("<html>not found"), "CONTAINER", /is no file of torch\.save/],
    ["a Git LFS pointer", bytesOf("version https://git-lfs.github.com/spec/v1"), "CONTAINER", /Git LFS pointer/],
    ["TorchScript", bytesAt("torchscript.bin"), "CONTAINER", /is a TorchScript program/],
    ["another zip", zipOf({ "word/document.xml": bytesOf("x") }), "CONTAINER", /not one of torch\.save/],
    ["two models", zipOf({ "a/data.pkl": data, "b/data.pkl": data }), "CONTAINER", /not one of torch\.save/],
    ["compressed", checkpoint(data, { 0: ones(1) }, { method: 8 }), "CONTAINER", /"m\/data\.pkl" compressed/],
    ["big-endian", checkpoint(data, { 0: ones(1) }, { others: { "m/byteorder": bytesOf("big") } }), "CONTAINER", /big-endian/],
    ["cut off", good.slice(0, -30), "TRUNCATED", /zip file without its end/],
    ["a directory elsewhere", changed(good.length - 6, 1, 0, 0, 0), "CONTAINER", /directory is damaged/],
    ["a directory behind the end", changed(good.length - 6, 255, 255, 255, 0), "CONTAINER", /behind its own end/],
    ["an entry that is not there", changed(central + 42, 7, 0, 0, 0), "CONTAINER", /says that "m\/data\.pkl" is where it is not/],
    ["zip64 without its record", changed(good.length - 6, 255, 255, 255, 255), "CONTAINER", /directory is damaged/],
    ["a pickle of something else", pickle.of("N"), "TRUNCATED", /ends in the middle/],
    [
      "five pickles of something else",
      bytesOf(...Array.from({ length: 5 }, () => pickle.of("N"))),
      "CONTAINER",
      /is a pickle, but not one of torch\.save/,
    ],
    ["old, cut off in its storages", old.slice(0, -1), "TRUNCATED", /ends before its last storage/],
    ["old, cut off in its pickles", old.slice(0, 500), "TRUNCATED", /ends in the middle of its pickle/],
  ] as const)("%s", async (_, file, code, sentence) => {
    const error = await refusal(file);
    expect(error.code).toBe(`E_PICKLE_${code}`);
    expect(error.sentence).toMatch(sentence);
  });

  test("an entry named twice, storages inside of each other", async () => {
    const twice = stateDict({ v: tensor(storage("0", 2), [2], [1]), w: tensor(storage("1", 2), [2], [1]) });
    const file = checkpoint(twice, { 0: ones(2), 1: ones(2) });
    const latin = new TextDecoder("latin1");
    const at = latin.decode(file).lastIndexOf("m/data/1");
    const named = file.slice();
    named[at + 7] = 0x30;
    expect((await refusal(named)).sentence).toMatch(/names "m\/data\/0" twice/);
    const offset0 = latin.decode(file).lastIndexOf("m/data/0") - 4;
    const inside = file.slice();
    inside.set(inside.slice(offset0, offset0 + 4), at - 4);
    expect(await refusal(inside)).toMatchObject({ code: "E_PICKLE_STORAGE", sentence: expect.stringMatching(/inside of another one/) });
  });

  test("an index that names other files", async () => {
    const files = memoryFiles({ "pytorch_model.bin.index.json": '{"weight_map": {"w": "../other.bin"}}' });
    expect(await failure(openPickledWeights(files, "pytorch_model.bin.index.json"))).toMatchObject({
      code: "E_SAFETENSORS_INDEX",
      sentence: expect.stringContaining("which is no .bin file beside it"),
    });
  });
});
