/** What is used of the compiler; its own types change those of arrays everywhere. */
declare const asc: {
  main(
    args: readonly string[],
    api: {
      readFile(name: string): string | null;
      writeFile(name: string, contents: string | Uint8Array): void;
      listFiles(): readonly string[];
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
};
export default asc;
