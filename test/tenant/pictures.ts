import { crc32 } from "node:zlib";

/** Pictures of a size, as small as the formats allow: with a header and an end, and nothing to see. */

/** A chunk of a PNG. */
export function chunk(type: string, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

export function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([magic, chunk("IHDR", header), chunk("IDAT", Buffer.alloc(20)), chunk("IEND")]);
}

export function jpeg(width: number, height: number): Buffer {
  const jfif = Buffer.from("ffe000104a46494600010100000100010000", "hex");
  const frame = Buffer.from("ffc0000b0800000000010111", "hex");
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  const scan = Buffer.from("ffda0008010100003f00d2", "hex");
  return Buffer.concat([Buffer.from([0xff, 0xd8]), jfif, frame, Buffer.from([0]), scan, Buffer.from([0xff, 0xd9])]);
}

/** In the extended form, whose header has 24 bits for a side. */
export function webp(width: number, height: number): Buffer {
  const body = Buffer.alloc(10);
  body.writeUIntLE(width - 1, 4, 3);
  body.writeUIntLE(height - 1, 7, 3);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(10);
  const form = Buffer.concat([Buffer.from("WEBPVP8X", "latin1"), size, body]);
  const total = Buffer.alloc(4);
  total.writeUInt32LE(form.length);
  return Buffer.concat([Buffer.from("RIFF", "latin1"), total, form]);
}
