import { testBackend } from "@attune/testing";
import { createCpuBackend } from "./index.ts";

testBackend({ name: "cpu", create: () => createCpuBackend(), skip: [] });
