import { expect, it } from "vitest";
import { crc32c, maskedCrc32c } from "./crc32c.ts";

it.each([
  { what: "nothing", bytes: new Uint8Array(), crc: 0 },
  { what: "nine digits", bytes: new TextEncoder().encode("123456789"), crc: 0xe3069283 },
  { what: "32 zeros", bytes: new Uint8Array(32), crc: 0x8a9136aa },
  { what: "32 ones", bytes: new Uint8Array(32).fill(0xff), crc: 0x62a8ab43 },
  { what: "0 to 31", bytes: Uint8Array.from({ length: 32 }, (_, i) => i), crc: 0x46dd794e },
  { what: "31 to 0", bytes: Uint8Array.from({ length: 32 }, (_, i) => 31 - i), crc: 0x113fdb5c },
])("of $what is what RFC 3720 says", ({ bytes, crc }) => {
  expect(crc32c(bytes)).toBe(crc);
});

it("is masked as TFRecord files have it", () => {
  expect(maskedCrc32c(new Uint8Array())).toBe(0xa282ead8);
  // the header of a record of 24 bytes, as TensorFlow writes it: 18 00 … 00, a3 7f 4b 22
  expect(maskedCrc32c(Uint8Array.of(24, 0, 0, 0, 0, 0, 0, 0))).toBe(0x224b7fa3);
});
