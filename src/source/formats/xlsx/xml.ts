import type { SaxesParser, SaxesTagPlain } from "saxes";

/** Told of a part of a workbook as it is read; names have no prefix. */
export interface XmlEvents {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  close(name: string): void;
  text(text: string): void;
}

/** Reads XML piece by piece. */
export interface XmlReader {
  /**
   * Takes the next bytes; their events come before it returns.
   *
   * @throws Error where it is no XML
   */
  push(bytes: Uint8Array): void;
  /** @throws Error where it is not complete */
  end(): void;
}

type Parser = new (options: { xmlns: false; position: false }) => SaxesParser<{ xmlns: false }>;

let loaded: Promise<Parser> | null = null;

/** Entities are the five of XML: what a document defines itself is an error, so none grows. */
export async function openXml(events: XmlEvents): Promise<XmlReader> {
  const Saxes =
    await (loaded ??= import("saxes").then((module) => module.SaxesParser as unknown as Parser));
  const parser = new Saxes({ xmlns: false, position: false });
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }: SaxesTagPlain) => {
    events.open(localName(name), attributes);
  });
  parser.on("closetag", ({ name }) => events.close(localName(name)));
  parser.on("text", (text) => events.text(text));
  parser.on("cdata", (text) => events.text(text));
  let decoder: TextDecoder | null = null;
  return {
    push(bytes) {
      // Parts are UTF-8 or UTF-16, as their first bytes say.
      decoder ??= new TextDecoder(
        bytes[0] === 0xff ? "utf-16le" : bytes[0] === 0xfe ? "utf-16be" : "utf-8",
        { fatal: true },
      );
      parser.write(decoder.decode(bytes, { stream: true }));
    },
    end() {
      if (decoder !== null) parser.write(decoder.decode());
      parser.close();
    },
  };
}

/** Reads a part that is held. */
export async function readXml(bytes: Uint8Array, events: Partial<XmlEvents>): Promise<void> {
  const nothing = () => {};
  const reader = await openXml({ open: nothing, close: nothing, text: nothing, ...events });
  reader.push(bytes);
  reader.end();
}

function localName(name: string): string {
  const at = name.indexOf(":");
  return at < 0 ? name : name.slice(at + 1);
}

/** An attribute by its name without a prefix. */
export function attribute(
  attributes: Readonly<Record<string, string>>,
  name: string,
): string | undefined {
  if (Object.hasOwn(attributes, name)) return attributes[name];
  const key = Object.keys(attributes).find((each) => each.endsWith(`:${name}`));
  return key === undefined ? undefined : attributes[key];
}

/** Undoes `_x000D_`, as Excel writes characters that XML does not have. */
export function decodeEscapes(text: string): string {
  if (!text.includes("_x")) return text;
  return text.replace(
    /_x([0-9a-fA-F]{4})_/g,
    (_, code: string) => String.fromCharCode(parseInt(code, 16)),
  );
}
