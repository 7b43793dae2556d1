// A pickle, read as data. The opcodes of pickle-opcodes.ts are all that is known; nothing is imported, constructed or called by name.

import { pickleError } from "./pickle-error.ts";
import { PickleMachine, type PickleHost, type PickleValue } from "./pickle-machine.ts";
import { opcodes, refusedOpcodes } from "./pickle-opcodes.ts";

/**
 * Reads the pickle that starts at `start` and returns its value and where it ends. `place` is the file's name for errors:
 * E_PICKLE_TRUNCATED when `bytes` end before the pickle does, E_PICKLE_OPCODE, E_PICKLE_VALUE, and what the host throws.
 */
export function readPickle(bytes: Uint8Array, start: number, host: PickleHost, place: string): { value: PickleValue; end: number } {
  const machine = new PickleMachine(bytes, start, host, place);
  for (;;) {
    const code = machine.byte();
    const opcode = opcodes.get(code);
    if (opcode === "STOP") return { value: machine.result(), end: machine.at };
    if (!opcode) throw refused(code, `${place} at byte ${machine.at - 1}`);
    opcode(machine);
  }
}

function refused(code: number, place: string): Error {
  const name = refusedOpcodes.get(code);
  const problem = name ? `needs the opcode ${name}, which attune refuses` : `holds the byte ${code} where an opcode is expected`;
  return pickleError("E_PICKLE_OPCODE", place, problem);
}
