// The reference backend in single precision, held to what every backend is held to.

import { createReferenceBackend } from "@attune/tensor";
import { testBackend } from "./test-backend.ts";

testBackend({ name: "typescript", create: () => createReferenceBackend() });
