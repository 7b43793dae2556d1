import { testLoss } from "@attune/testing";
import { alignment } from "./index.ts";

testLoss({ plugin: alignment, options: [{}, { weight: 0.5 }], ignoresLength: true });
