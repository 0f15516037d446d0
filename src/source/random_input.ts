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
   * Called once everything has been read.
   *
   * @throws SluiceError `source/changed_while_reading` where what was read is of two states
   */
  confirm(): Promise<void>;
}
