// What the pickle of a state dict says: which tensors there are, and where each lies in which storage. The globals below are all that
// such a pickle may name; every other one is refused by its name, and nothing of Python is ever run.

import { show } from "@attune/core";
import type { Dtype } from "./dtype.ts";
import { pickleError } from "./pickle-error.ts";
import {
  describe,
  emptyDict,
  type PickleGlobal,
  type PickleHost,
  type PickleObject,
  type PickleSequence,
  type PickleValue,
} from "./pickle-machine.ts";
import { isRowMajor, isWithoutOverlap, spanOf } from "./strides.ts";
import { placeOf } from "./weights-file.ts";

/** The elements of one or more tensors, under the name that the container has for them. */
export class TorchStorage implements PickleObject {
  readonly kind = "object";
  readonly what = "a storage";
  readonly key: string;
  readonly dtype: Dtype;
  readonly elements: number;

  constructor(key: string, dtype: Dtype, elements: number) {
    this.key = key;
    this.dtype = dtype;
    this.elements = elements;
  }
}

/** A tensor as the pickle describes it; `tensorsOf` checks that it lies inside of its storage. */
class TorchTensor implements PickleObject {
  readonly kind = "object";
  readonly what = "a tensor";
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: TorchStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** A tensor that lies inside of its storage. Strides only where it does not lie row-major. */
export interface StateTensor {
  readonly storage: TorchStorage;
  /** In elements. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
}

const storageTypes: Readonly<Record<string, Dtype>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};

const MOST_AXES = 64;

/** Gives the names of a state dict their meaning and collects its storages by key. */
export class TorchHost implements PickleHost {
  readonly storages = new Map<string, TorchStorage>();
  readonly #place: string;
  readonly #functions: Readonly<Record<string, PickleGlobal["call"]>> = {
    "torch._utils._rebuild_tensor_v2": (args) => this.#tensor(args),
    "torch._utils._rebuild_parameter": ([tensor]) => this.#parameter(tensor),
    "collections.OrderedDict": (args) => this.#orderedDict(args),
  };

  constructor(place: string) {
    this.#place = place;
  }

  global(name: string): PickleGlobal {
    if (Object.hasOwn(storageTypes, name)) return { kind: "global", name };
    if (Object.hasOwn(this.#functions, name)) return { kind: "global", name, call: this.#functions[name] };
    throw pickleError(
      "E_PICKLE_GLOBAL",
      this.#place,
      `needs ${show(name, 100)}, which attune refuses: a state dict holds tensors and no code`,
    );
  }

  /** `("storage", type, key, device, elements)`; older files have a sixth part, None unless the storage is a view of another. */
  persistent(id: PickleValue): TorchStorage {
    const parts = isSequence(id, "tuple") ? id.items : [];
    const [tag, type, key, , elements, view] = parts;
    const dtype = isGlobal(type) && storageTypes[type.name];
    if (tag !== "storage" || !dtype || typeof key !== "string" || !isSize(elements) || (view ?? null) !== null) {
      throw pickleError("E_PICKLE_STORAGE", this.#place, `names a storage by ${parts.map(describe).join(", ") || describe(id)}`);
    }
    const known = this.storages.get(key);
    if (!known) this.storages.set(key, new TorchStorage(key, dtype, elements));
    else if (known.dtype !== dtype || known.elements !== elements) {
      throw pickleError("E_PICKLE_STORAGE", this.#place, `describes the storage ${show(key)} in two ways`);
    }
    return this.storages.get(key)!;
  }

  /** (storage, offset, shape, strides, requires_grad, hooks) */
  #tensor([storage, offset, shape, strides]: readonly PickleValue[]): TorchTensor {
    if (
      storage instanceof TorchStorage &&
      isSize(offset) &&
      isSizes(shape) &&
      isSizes(strides) &&
      shape.items.length === strides.items.length
    ) {
      return new TorchTensor(storage, offset, shape.items, strides.items);
    }
    const parts = [storage, offset, shape, strides].map(describe).join(", ");
    throw pickleError("E_PICKLE_TENSOR", this.#place, `describes a tensor by ${parts}`);
  }

  #parameter(tensor: PickleValue | undefined): TorchTensor {
    if (tensor instanceof TorchTensor) return tensor;
    throw pickleError("E_PICKLE_TENSOR", this.#place, `makes a parameter of ${describe(tensor)}`);
  }

  #orderedDict(args: readonly PickleValue[]): PickleValue {
    if (args.length === 0) return emptyDict();
    throw pickleError("E_PICKLE_VALUE", this.#place, `makes a dict of ${describe(args[0])}`);
  }
}

/**
 * The tensors of a state dict by name, in its order. E_PICKLE_VALUE for what is no dict of tensors (a whole training state, a module),
 * E_PICKLE_TENSOR for a tensor outside of its storage or one whose indices share elements.
 */
export function tensorsOf(state: PickleValue, path: string): Map<string, StateTensor> {
  if (!(typeof state === "object" && state?.kind === "dict")) {
    throw pickleError("E_PICKLE_VALUE", path, `holds ${describe(state)}, not a dict of tensors`, STATE_DICT);
  }
  const tensors = new Map<string, StateTensor>();
  for (const [name, value] of state.entries) {
    if (typeof name === "string" && value instanceof TorchTensor) tensors.set(name, checked(value, placeOf(path, name)));
    else
      throw pickleError(
        "E_PICKLE_VALUE",
        path,
        `has ${describe(value)} under ${describe(name)}, where a state dict has a tensor`,
        STATE_DICT,
      );
  }
  if (tensors.size === 0) throw pickleError("E_PICKLE_VALUE", path, "holds no tensors", STATE_DICT);
  return tensors;
}

const STATE_DICT = "save the model alone, with save_pretrained() or torch.save(model.state_dict(), …)";

function checked({ storage, offset, shape, strides }: TorchTensor, place: string): StateTensor {
  if (shape.includes(0)) return { storage, offset: 0, shape };
  const end = offset + spanOf(shape, strides);
  if (end > storage.elements) {
    throw pickleError("E_PICKLE_TENSOR", place, `ends at element ${end} of a storage that has ${storage.elements}`);
  }
  if (isRowMajor(shape, strides)) return { storage, offset, shape };
  if (isWithoutOverlap(shape, strides)) return { storage, offset, shape, strides };
  throw pickleError("E_PICKLE_TENSOR", place, "is an expanded view, in which indices share elements", "save it as tensor.contiguous()");
}

function isSequence(value: PickleValue | undefined, kind: "tuple" | "list"): value is PickleSequence {
  return typeof value === "object" && value !== null && value.kind === kind;
}

function isGlobal(value: PickleValue | undefined): value is PickleGlobal {
  return typeof value === "object" && value !== null && value.kind === "global";
}

function isSize(value: PickleValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSizes(value: PickleValue | undefined): value is PickleSequence & { items: number[] } {
  return isSequence(value, "tuple") && value.items.length <= MOST_AXES && value.items.every(isSize);
}
