/** Opens a COPY BINARY stream: signature, no flags, no header extension (Postgres manual, COPY). */
export const COPY_HEADER: Uint8Array = Uint8Array.from([
  0x50,
  0x47,
  0x43,
  0x4f,
  0x50,
  0x59,
  0x0a,
  0xff,
  0x0d,
  0x0a,
  0x00,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
]);

/** Closes a COPY BINARY stream: a field count of -1. */
export const COPY_TRAILER: Uint8Array = Uint8Array.from([0xff, 0xff]);
