/** Puts bytes where the kernel sees them; returns their address. */
export type Place = (bytes: Uint8Array) => number;

/** Most columns have the same NULL, and many the same words. */
export function placeOnce(place: Place): Place {
  const placed = new Map<string, number>();
  return (bytes) => {
    if (bytes.length > 256) return place(bytes);
    const key = bytes.toHex();
    const at = placed.get(key) ?? place(bytes);
    placed.set(key, at);
    return at;
  };
}

export function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Places a list of (length, address). */
export function placeTexts(texts: readonly Uint8Array[], place: Place): number {
  const list = new Uint32Array(texts.length * 2);
  texts.forEach((text, t) => {
    list[t * 2] = text.length;
    list[t * 2 + 1] = place(text);
  });
  return place(new Uint8Array(list.buffer));
}
