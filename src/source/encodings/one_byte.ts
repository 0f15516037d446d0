import type { Unescape } from "../../rows/record_batch.ts";

/** What a byte becomes that is no character of its encoding: no UTF-8 has it. */
const NONE = Uint8Array.of(0xff);

/** Writes texts of an encoding whose characters are one byte each as UTF-8. */
export function oneByteDecoder(encoding: string): Unescape {
  const table = tableOf(encoding);
  return (bytes, start, end, out) => {
    let length = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i];
      if (byte < 128) out[length++] = byte;
      else {
        const character = table[byte - 128];
        for (let k = 0; k < character.length; k++) out[length++] = character[k];
      }
    }
    return length;
  };
}

/** The same, but for texts that are UTF-8: an encoding that only the server says may be untrue. */
export function utf8OrDecoder(encoding: string): Unescape {
  const decode = oneByteDecoder(encoding);
  return (bytes, start, end, out) => {
    if (!isUtf8(bytes.subarray(start, end))) return decode(bytes, start, end, out);
    out.set(bytes.subarray(start, end));
    return end - start;
  };
}

const strict = new TextDecoder("utf-8", { fatal: true });

/** Whether bytes are UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Whether some of the bytes are not ASCII. */
export function isWide(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] > 127) return true;
  return false;
}

/** The UTF-8 of each byte from 128 on. Control characters are a sign of another encoding. */
function tableOf(encoding: string): readonly Uint8Array[] {
  const text = (byte: number): string => {
    if (encoding === "ascii") return "";
    if (encoding === "iso-8859-1") return String.fromCharCode(byte);
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(Uint8Array.of(byte));
    } catch {
      return "";
    }
  };
  return Array.from({ length: 128 }, (_, at) => {
    const character = text(at + 128);
    return character === "" || /[\x80-\x9f]/.test(character)
      ? NONE
      : new TextEncoder().encode(character);
  });
}
