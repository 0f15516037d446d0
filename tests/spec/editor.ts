import {
  getLanguageService,
  type LanguageService,
  TextDocument,
} from "packages/yaml-language-server.ts";

/** What an editor shows of a file. */
export interface Marked {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** The language server of YAML that editors start, with our schema. */
export interface Editor {
  /** What it underlines. */
  marks(text: string): Promise<readonly Marked[]>;
  /** What it offers at the `|` of a text. */
  offers(text: string): Promise<readonly string[]>;
  /** What it shows of the place before the `|`. */
  explains(text: string): Promise<string>;
}

const SCHEMA = new URL("../../schemas/pipeline.schema.json", import.meta.url);

/** It remembers, for all that are started, what it read in a file of the same name. */
let files = 0;

/** Starts it, in this process. */
export function openEditor(schemaText = Deno.readTextFileSync(SCHEMA)): Editor {
  const service: LanguageService = getLanguageService({
    schemaRequestService: () => Promise.resolve(schemaText),
    workspaceContext: { resolveRelativePath: (path, from) => new URL(path, from).href },
  });
  service.configure({
    validate: true,
    completion: true,
    hover: true,
    format: false,
    isKubernetes: false,
    schemas: [{ uri: SCHEMA.href, fileMatch: ["*.yaml"] }],
  });
  const open = (text: string) =>
    TextDocument.create(`file:///project/${files++}.yaml`, "yaml", 1, text) as Parameters<
      typeof service.doValidation
    >[0];
  const at = (text: string) => {
    const offset = text.indexOf("|");
    const document = open(text.slice(0, offset) + text.slice(offset + 1));
    return { document, position: document.positionAt(offset) };
  };
  return {
    async marks(text) {
      const found = await service.doValidation(open(text), false);
      return found.map(({ range, message }) => ({ line: range.start.line + 1, message }));
    },
    async offers(text) {
      const { document, position } = at(text);
      const { items } = await service.doComplete(document, position, false);
      return items.map(({ label }) => label);
    },
    async explains(text) {
      const { document, position } = at(text);
      const hover = await service.doHover(document, position);
      return JSON.stringify(hover?.contents ?? "");
    },
  };
}
