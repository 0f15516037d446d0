/** The bytes `start … end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** All bytes of a decompressed source, in any order. */
export interface RandomInput {
  /** Bytes in all. */
  readonly size: number;
  /** The address as people may see it. */
  readonly shown: string;
  /**
   * A copy of the bytes `start … end)`, which are within the size; one call at a time.
   *
   * @throws SluiceError `source/changed_while_reading` where they are gone
   */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Told which bytes will be read, in parts that are read one after the other, where that helps;
   * others may be read all the same.
   *
   * @throws SluiceError `source/…`
   */
  expect?(parts: readonly (readonly ByteRange[])[]): Promise<void>;
  /**
   * Called once everything has been read.
   *
   * @throws SluiceError `source/changed_while_reading` where what was read is of two states
   */
  confirm(): Promise<void>;
}
