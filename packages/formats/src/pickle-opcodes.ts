// The opcodes that a state dict needs, each with what it does to the stack, and the names of all others, which are refused.
// Codes and meanings are those of Python's pickletools, protocols 2 to 5.

import {
  describe,
  emptyDict,
  tupleOf,
  type PickleDict,
  type PickleMachine,
  type PickleSequence,
  type PickleValue,
} from "./pickle-machine.ts";

/** What an opcode does; the machine itself ends at STOP. */
export type Opcode = ((machine: PickleMachine) => void) | "STOP";

/** All that is understood. */
export const opcodes: ReadonlyMap<number, Opcode> = new Map<number, Opcode>([
  [0x80, (m) => void m.take(1)], // PROTO: its number says nothing that the opcodes do not
  [0x95, (m) => void m.take(8)], // FRAME: the length of what follows, for readers of streams
  [0x2e, "STOP"],
  [0x28, (m) => m.mark()], // MARK
  // Constants
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4b, (m) => m.push(m.unsigned(1))], // BININT1
  [0x4d, (m) => m.push(m.unsigned(2))], // BININT2
  [0x4a, (m) => m.push(m.unsigned(4) | 0)], // BININT
  [0x8a, (m) => m.push(signed(m.take(m.byte())))], // LONG1
  [0x47, (m) => m.push(float(m.take(8)))], // BINFLOAT
  [0x8c, (m) => m.push(m.text(m.byte()))], // SHORT_BINUNICODE
  [0x58, (m) => m.push(m.text(m.unsigned(4)))], // BINUNICODE
  [0x8d, (m) => m.push(m.text(m.unsigned(8)))], // BINUNICODE8
  // Containers
  [0x29, (m) => m.push(tupleOf([]))], // EMPTY_TUPLE
  [0x85, (m) => m.push(tupleOf([m.pop()]))], // TUPLE1
  [0x86, (m) => m.push(tupleOf([m.pop(), m.pop()].reverse()))], // TUPLE2
  [0x87, (m) => m.push(tupleOf([m.pop(), m.pop(), m.pop()].reverse()))], // TUPLE3
  [0x74, (m) => m.push(tupleOf(m.popMark()))], // TUPLE
  [0x5d, (m) => m.push({ kind: "list", items: [] })], // EMPTY_LIST
  [0x61, (m) => append(m, [m.pop()])], // APPEND
  [0x65, (m) => append(m, m.popMark())], // APPENDS
  [0x7d, (m) => m.push(emptyDict())], // EMPTY_DICT
  [0x73, (m) => setItems(m, [m.pop(), m.pop()].reverse())], // SETITEM
  [0x75, (m) => setItems(m, m.popMark())], // SETITEMS
  // The memo
  [0x71, (m) => m.remember(m.unsigned(1))], // BINPUT
  [0x72, (m) => m.remember(m.unsigned(4))], // LONG_BINPUT
  [0x94, (m) => m.remember()], // MEMOIZE
  [0x68, (m) => m.recall(m.unsigned(1))], // BINGET
  [0x6a, (m) => m.recall(m.unsigned(4))], // LONG_BINGET
  // What the host gives a meaning
  [0x63, (m) => m.push(m.host.global(`${m.line()}.${m.line()}`))], // GLOBAL
  [0x93, stackGlobal], // STACK_GLOBAL
  [0x52, reduce], // REDUCE
  [0x51, (m) => m.push(m.host.persistent(m.pop()))], // BINPERSID
  [0x62, build], // BUILD
]);

/** Known to Python, refused here. */
export const refusedOpcodes: ReadonlyMap<number, string> = new Map([
  [0x30, "POP"],
  [0x31, "POP_MARK"],
  [0x32, "DUP"],
  [0x42, "BINBYTES"],
  [0x43, "SHORT_BINBYTES"],
  [0x46, "FLOAT"],
  [0x49, "INT"],
  [0x4c, "LONG"],
  [0x50, "PERSID"],
  [0x53, "STRING"],
  [0x54, "BINSTRING"],
  [0x55, "SHORT_BINSTRING"],
  [0x56, "UNICODE"],
  [0x64, "DICT"],
  [0x67, "GET"],
  [0x69, "INST"],
  [0x6c, "LIST"],
  [0x6f, "OBJ"],
  [0x70, "PUT"],
  [0x81, "NEWOBJ"],
  [0x82, "EXT1"],
  [0x83, "EXT2"],
  [0x84, "EXT4"],
  [0x8b, "LONG4"],
  [0x8e, "BINBYTES8"],
  [0x8f, "EMPTY_SET"],
  [0x90, "ADDITEMS"],
  [0x91, "FROZENSET"],
  [0x92, "NEWOBJ_EX"],
  [0x96, "BYTEARRAY8"],
  [0x97, "NEXT_BUFFER"],
  [0x98, "READONLY_BUFFER"],
]);

/** Little-endian two's complement; no bytes are 0. */
function signed(bytes: Uint8Array): number | bigint {
  const unsigned = bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const value = BigInt.asIntN(8 * bytes.length, unsigned);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function float(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
}

function append(machine: PickleMachine, items: PickleValue[]): void {
  const list = machine.top();
  if (!isKind(list, "list")) throw machine.fail("E_PICKLE_VALUE", `appends to ${describe(list)}`);
  for (const item of items) list.items.push(item);
}

/** Key, value, key, value, …; the last of equal keys counts, as in Python. */
function setItems(machine: PickleMachine, items: PickleValue[]): void {
  const dict = machine.top();
  if (!isKind(dict, "dict") || items.length % 2 === 1) throw machine.fail("E_PICKLE_VALUE", `sets items of ${describe(dict)}`);
  for (let i = 0; i < items.length; i += 2) dict.entries.set(items[i], items[i + 1]);
}

function stackGlobal(machine: PickleMachine): void {
  const name = machine.pop();
  const module = machine.pop();
  if (typeof name !== "string" || typeof module !== "string") {
    throw machine.fail("E_PICKLE_VALUE", `names a global by ${describe(module)} and ${describe(name)}`);
  }
  machine.push(machine.host.global(`${module}.${name}`));
}

function reduce(machine: PickleMachine): void {
  const args = machine.pop();
  const callee = machine.pop();
  if (!isKind(args, "tuple") || !isKind(callee, "global") || !callee.call) {
    throw machine.fail("E_PICKLE_VALUE", `calls ${describe(callee)} with ${describe(args)}`);
  }
  machine.push(callee.call(args.items));
}

/** Attributes of an object. Those of a state dict (`_metadata`, the versions of its modules) say nothing about weights and are dropped. */
function build(machine: PickleMachine): void {
  machine.pop();
  const target = machine.top();
  if (!isKind(target, "dict")) throw machine.fail("E_PICKLE_VALUE", `sets attributes of ${describe(target)}`);
}

type Kinds = { list: PickleSequence; tuple: PickleSequence; dict: PickleDict; global: Extract<PickleValue, { kind: "global" }> };

function isKind<K extends keyof Kinds>(value: PickleValue, kind: K): value is Kinds[K] {
  return typeof value === "object" && value !== null && value.kind === kind;
}
