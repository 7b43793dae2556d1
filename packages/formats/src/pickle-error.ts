// What is said about a checkpoint of torch.save that cannot be read, or that attune refuses to read.

import { AttuneError } from "@attune/core";
import { INCOMPLETE } from "./weights-file.ts";

const SAFE = "open the model with the library that made it and save it as safetensors";

/** E_PICKLE_… codes: TRUNCATED, CONTAINER (no file of torch.save), OPCODE and GLOBAL (refused by name), VALUE, STORAGE, TENSOR. */
export type PickleCode = `E_PICKLE_${"TRUNCATED" | "CONTAINER" | "OPCODE" | "GLOBAL" | "VALUE" | "STORAGE" | "TENSOR"}`;

/** An error with the next step: unless told, to copy what is cut off again, and to save everything else as safetensors. */
export function pickleError(code: PickleCode, place: string, problem: string, hint?: string): AttuneError {
  return new AttuneError({ code, place, problem, hint: hint ?? (code === "E_PICKLE_TRUNCATED" ? INCOMPLETE : SAFE) });
}
